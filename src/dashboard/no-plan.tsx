/** In place of what a plan would show, before the first one. */
export function NoPlan() {
  return (
    <section>
      <p>
        There is nothing to show before the first plan. One is made on schedule, every quarter of an
        hour; <code>POST /admin/v1/optimize</code> asks for one at once (<a href="/docs">calls</a>).
      </p>
    </section>
  );
}
