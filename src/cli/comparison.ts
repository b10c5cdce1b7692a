import type { PolicyResult } from '../sim/backtest.ts';
import { decimal, gapPercent, signed } from './format.ts';

/** isotherm less another policy, in percent of the other. */
export interface Difference {
  policy: string;
  objectivePct: number;
  energyCostPct: number;
  coolingKwhPct: number;
  carbonKgPct: number;
}

function percent(ours: number, theirs: number): number {
  return (100 * (ours - theirs)) / Math.abs(theirs);
}

/** isotherm against each other policy; empty if isotherm was not simulated. */
export function differences(results: readonly PolicyResult[]): Difference[] {
  const ours = results.find((r) => r.policy === 'isotherm');
  if (!ours) return [];
  return results
    .filter((r) => r !== ours)
    .map((theirs) => ({
      policy: theirs.policy,
      objectivePct: percent(ours.objectiveAud, theirs.objectiveAud),
      energyCostPct: percent(ours.energyCostAud, theirs.energyCostAud),
      coolingKwhPct: percent(ours.coolingKwh, theirs.coolingKwh),
      carbonKgPct: percent(ours.carbonKg, theirs.carbonKg),
    }));
}

/** What each of the comparisons that matter says, better or worse. */
export function verdicts(results: readonly PolicyResult[]): string[] {
  const ours = results.find((r) => r.policy === 'isotherm');
  if (!ours) return [];
  const openings = {
    'fixed-ppue':
      'What temperature awareness itself is worth: against the same optimizer blind to temperature (fixed-ppue)',
    'no-waiting':
      'What waiting is worth: against the same optimizer serving all as it comes (no-waiting)',
    nearest: 'What the joint optimization is worth: against the nearest site',
  };
  return Object.entries(openings).flatMap(([policy, opening]) => {
    const theirs = results.find((r) => r.policy === policy);
    return theirs ? [`${opening}, ${verdict(ours, theirs)}`] : [];
  });
}

function verdict(ours: PolicyResult, theirs: PolicyResult): string {
  const objective = percent(ours.objectiveAud, theirs.objectiveAud);
  const cooling = percent(ours.coolingKwh, theirs.coolingKwh);
  const provenPct = 100 * Math.max(ours.maxGap ?? 0, theirs.maxGap ?? 0);
  const withinGap =
    Math.abs(objective) <= provenPct
      ? ` (no more than the certified gap of ${gapPercent(provenPct / 100)})`
      : '';
  const worse = drawbacks(ours, theirs);
  return (
    `isotherm has ${moreOrLess(objective, 'objective', 'a')}${withinGap} and ` +
    `uses ${moreOrLess(cooling, 'cooling energy')}` +
    `${worse.length > 0 ? `; worse: ${worse.join(', ')}` : ''}.`
  );
}

function moreOrLess(pct: number, what: string, article?: 'a'): string {
  if (!Number.isFinite(pct)) return `an incomparable ${what}`;
  const size = decimal(Math.abs(pct), 2);
  if (!/[1-9]/.test(size)) return `the same ${what}`;
  const words = pct < 0 ? ['lower', 'less'] : ['higher', 'more'];
  return article ? `${aOrAn(size)} ${size} % ${words[0]} ${what}` : `${size} % ${words[1]} ${what}`;
}

/** An 8.2 %, an 11 %, a 1.2 %. */
function aOrAn(size: string): string {
  return /^(8|11(\.|$)|18(\.|$))/.test(size) ? 'an' : 'a';
}

/** Where isotherm does worse, beyond rounding. */
function drawbacks(ours: PolicyResult, theirs: PolicyResult): string[] {
  const worse: string[] = [];
  const add = (what: string, difference: number, least: number, unit: string) => {
    if (difference >= least)
      worse.push(`${what} ${signed(difference, unit === 'ms' ? 1 : 2)} ${unit}`);
  };
  add('energy cost', percent(ours.energyCostAud, theirs.energyCostAud), 0.01, '%');
  add('carbon', percent(ours.carbonKg, theirs.carbonKg), 0.01, '%');
  add('water', percent(ours.waterL, theirs.waterL), 0.01, '%');
  add('mean TTFT', ours.ttftMeanMs - theirs.ttftMeanMs, 0.05, 'ms');
  const points = 100 * (ours.sloViolationShare - theirs.sloViolationShare);
  add('requests over their SLO', points, 0.01, 'percentage points');
  return worse;
}
