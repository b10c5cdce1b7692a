import type { ComponentChildren } from 'preact';

/** A wide table: it scrolls on its own, for the keyboard, too. */
export function Scroll({
  labelledBy,
  children,
}: {
  labelledBy: string;
  children: ComponentChildren;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable (WCAG 2.1.1)
    // biome-ignore lint/a11y/useSemanticElements: a section would be a second landmark of that name
    <div class="scroll" role="group" tabIndex={0} aria-labelledby={labelledBy}>
      {children}
    </div>
  );
}
