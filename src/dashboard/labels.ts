export interface Label {
  /** Middle of the mark it belongs to, and that mark's radius. */
  x: number;
  y: number;
  radius: number;
  width: number;
}

export interface PlacedLabel {
  /** Left end and baseline of the text. */
  x: number;
  y: number;
}

export interface Rectangle {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/**
 * Places labels beside their marks so that none covers another or a mark, the first ones first. A
 * radius of 0 is a place without a mark, which takes no room. Above and below, a label is moved along
 * into the bounds where its mark is near their edge.
 * Undefined for those there is no room for.
 */
export function placeLabels(
  labels: readonly Label[],
  lineHeight: number,
  bounds: Rectangle,
): (PlacedLabel | undefined)[] {
  const taken: Rectangle[] = labels
    .filter(({ radius }) => radius > 0)
    .map(({ x, y, radius }) => ({
      left: x - radius,
      right: x + radius,
      top: y - radius,
      bottom: y + radius,
    }));
  return labels.map(({ x, y, radius, width }) => {
    const gap = radius + 4;
    const middle = y - lineHeight / 2;
    const diagonal = 0.7 * gap;
    const along = Math.max(bounds.left, Math.min(x - width / 2, bounds.right - width));
    const corners: [number, number][] = [
      [x + gap, middle],
      [x - gap - width, middle],
      [along, y - gap - lineHeight],
      [along, y + gap],
      [x + diagonal, y - diagonal - lineHeight],
      [x + diagonal, y + diagonal],
      [x - diagonal - width, y - diagonal - lineHeight],
      [x - diagonal - width, y + diagonal],
    ];
    for (const [left, top] of corners) {
      const box = { left, top, right: left + width, bottom: top + lineHeight };
      const isInside =
        left >= bounds.left &&
        top >= bounds.top &&
        box.right <= bounds.right &&
        box.bottom <= bounds.bottom;
      if (!isInside || taken.some((t) => overlap(t, box))) continue;
      taken.push(box);
      return { x: left, y: top + 0.78 * lineHeight };
    }
    return undefined;
  });
}

function overlap(a: Rectangle, b: Rectangle): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
