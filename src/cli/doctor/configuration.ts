import type { Fleet } from '../../core/model/fleet.ts';
import { rttMsOver } from '../../core/model/geo.ts';
import { fleetFile, generatedFiles } from '../../local/generated.ts';
import { count, decimal } from '../format.ts';
import { kmToRegion, MUCH_NEARER_KM, nearestKnownRegion } from '../init/places.ts';
import { inClone, ownCommand, shellWord } from '../own-command.ts';
import { registryWarnings } from '../registry-warnings.ts';
import { validateRegistry } from '../sites.ts';
import { type Check, fault, ok, warning } from './check.ts';

/** Further than this no solver is next to its site, wherever the nearest region is. */
const AWAY_KM = 1_500;

const NO_NEARER =
  'neither AWS nor Google Cloud has a region much nearer; one of azure: may be. Else leave it: each round of a ' +
  'plan takes that long and the site’s tariff lies there, but no request passes it';

/** Names that never belong to a server: RFC 2606 and 6761. */
const RESERVED_HOST = /(^|\.)(example|invalid|test)$|(^|\.)example\.(com|net|org)$/;

/** Whether an address is nobody's. */
export function isPlaceholder(baseUrl: string): boolean {
  return RESERVED_HOST.test(new URL(baseUrl).hostname);
}

/** The registry itself; without a fleet nothing else can be looked at. */
export function registryChecks(text: string, file: string): { fleet?: Fleet; checks: Check[] } {
  const { fleet, issues } = validateRegistry(text);
  const of = (path: string) => (path === '' ? file : `${file}: ${path}`);
  const checks = issues.map(({ path, message }) =>
    fault(
      'registry',
      of(path),
      message,
      `mend it, then: ${ownCommand()} sites validate ${shellWord(file)}`,
    ),
  );
  if (fleet === undefined) return { checks };
  for (const { path, message } of registryWarnings(fleet)) {
    checks.push(
      warning('registry', of(path), message, 'mend it, unless it is meant: nothing stops for it'),
    );
  }
  fleet.sites.forEach(({ id, upstream }, j) => {
    if (!isPlaceholder(upstream.baseUrl)) return;
    const path = of(`sites[${j}].upstream.baseUrl`);
    const found = `${upstream.baseUrl} is a placeholder`;
    checks.push({
      ...fault('registry', path, found, 'put your server’s address there'),
      alike: { of: id, found: `upstream.baseUrl in ${file} is a placeholder` },
    });
  });
  if (!checks.some((c) => c.status === 'fault')) {
    const { sites, zones, classes } = fleet;
    const found = `valid: ${count(sites.length, 'site')}, ${count(zones.length, 'zone')}, ${count(classes.length, 'class')}`;
    checks.unshift(ok('registry', file, found));
  }
  return issues.length === 0 ? { fleet, checks } : { checks };
}

/** Files that follow from the registry, as they are. */
export async function generatedChecks(fleet: Fleet, root: string): Promise<Check[]> {
  const files = await generatedFiles(fleet, root);
  return files.map(({ path, found, wanted }) =>
    found === wanted
      ? ok('generated', path, `follows from ${fleetFile}`)
      : fault(
          'generated',
          path,
          `differs from what ${fleetFile} implies`,
          inClone('npm run generate'),
        ),
  );
}

/** Whether a solver's cloud region is next to its site. */
export function placementChecks(fleet: Fleet): Check[] {
  return fleet.sites.map((site) => {
    const { id, placementRegion } = site;
    const asked = `solver asked for at ${placementRegion}`;
    const km = kmToRegion(site, placementRegion);
    const nearest = nearestKnownRegion(site);
    if (km === undefined) {
      const found = `${asked}, whose place is not known here`;
      // Azure's regions are not in the tables.
      return placementRegion.startsWith('azure:')
        ? ok('placement', id, found)
        : warning('placement', id, found, `is it spelt right? the nearest is ${nearest.name}`);
    }
    const found = `${asked}, ${decimal(km, 0)} km from the site`;
    if (km - nearest.km > MUCH_NEARER_KM) {
      return warning(
        'placement',
        id,
        found,
        `${nearest.name} is ${decimal(nearest.km, 0)} km away`,
      );
    }
    if (km <= AWAY_KM) return ok('placement', id, found);
    const roundMs = decimal(rttMsOver(km), 0);
    return warning('placement', id, `${found}, about ${roundMs} ms there and back`, NO_NEARER);
  });
}
