import type { PublicFleet } from '../model/fleet.ts';
import type { SiteHours } from '../planning/site-hours.ts';
import { type ApiKey, mayAskFor } from './keys.ts';

/** Of the sites that may serve a key: all, and those that do not say what its requests cost there. */
export interface CostKnowledge {
  sites: string[];
  unknown: string[];
}

/**
 * Where a key's requests would have a cost, by what the sites told for the plan in force.
 * @param hours by slot of that plan; undefined without one
 */
export function costKnowledge(
  fleet: PublicFleet,
  key: Pick<ApiKey, 'models' | 'classes'>,
  hours: readonly SiteHours[] | undefined,
): CostKnowledge {
  const classes = fleet.classes.filter((cls) =>
    mayAskFor(key, [cls.model, ...(cls.aliases ?? [])], cls.id),
  );
  const served = fleet.sites.flatMap((site) => {
    const of = classes.filter((cls) => cls.model in site.upstream.models);
    return of.length > 0 ? [{ id: site.id, classes: of }] : [];
  });
  const isKnown = (site: (typeof served)[number]) =>
    hours?.every((slot) =>
      site.classes.every((cls) => slot[site.id]?.disclosed?.[cls.id]?.energyAud !== undefined),
    );
  return {
    sites: served.map((s) => s.id),
    unknown: served.filter((s) => !isKnown(s)).map((s) => s.id),
  };
}
