import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** A wide table: it scrolls on its own, for the keyboard, too, and says so where it is cut off. */
export function Scroll({
  labelledBy,
  children,
}: {
  labelledBy: string;
  children: ComponentChildren;
}) {
  const ref = useRef<HTMLDivElement>(null);
  const [isCut, setCut] = useState(false);
  useEffect(() => {
    const box = ref.current;
    if (!box) return;
    const look = () => setCut(box.scrollWidth > box.clientWidth + 1);
    const observer = new ResizeObserver(look);
    observer.observe(box);
    if (box.firstElementChild) observer.observe(box.firstElementChild);
    return () => observer.disconnect();
  }, []);
  return (
    <div class="scrolled">
      {isCut && (
        <p class="scroll-hint" aria-hidden="true">
          The table goes on to the right: scroll it sideways →
        </p>
      )}
      {/* biome-ignore lint/a11y/useSemanticElements: a section would be a second landmark of that name */}
      <div
        ref={ref}
        class="scroll"
        role="group"
        // What scrolls must be reachable (WCAG 2.1.1), and nothing else needs to be.
        tabIndex={isCut ? 0 : undefined}
        aria-labelledby={labelledBy}
      >
        {children}
      </div>
    </div>
  );
}
