import manifest from '../../package.json' with { type: 'json' };
import type { Fleet } from '../core/model/fleet.ts';
import type { PlanningInputs } from '../core/planning/inputs.ts';
import { type Attribution, attributionsOfFolder } from '../feeds/attribution.ts';
import { type Evidence, sections } from '../sim/evidence/evidence.ts';
import type { SourceFile } from '../sim/evidence/sources.ts';
import { sourcesOf } from './notes.ts';
import type { ReportOptions } from './report.ts';
import { spanJson } from './span.ts';

/** All that a report says, as JSON; the page is made from it alone. */
export interface ReportDocument {
  schemaVersion: 1;
  version: string;
  /** What repeats it, but for the folder. */
  command: string;
  options: {
    mode: string;
    gapTarget: number;
    seed: number;
    resamples: number;
    blockDays: number;
    level: number;
    everyWeeks: number;
    tariff: string;
    cooling: string;
  };
  span: ReturnType<typeof spanJson>;
  fleet: {
    name: string;
    prices: Fleet['prices'];
    classes: { id: string; meanInputTokens: number; meanOutputTokens: number }[];
    sites: {
      id: string;
      name: string;
      gridRegion: string;
      hardware: string;
      servers: number;
      cooling: string;
      tariff: string;
    }[];
  };
  data: {
    files: SourceFile[];
    /** What the folder itself says of them. */
    notes?: { file: string; text: string };
    sources: ReturnType<typeof sourcesOf>;
    attributions: Attribution[];
  };
  notes: string[];
  evidence: Evidence;
}

export function reportDocument(of: {
  options: ReportOptions;
  fleet: Fleet;
  inputs: PlanningInputs;
  sources: { files: SourceFile[]; notes?: { file: string; text: string } };
  evidence: Evidence;
  notes: string[];
}): ReportDocument {
  const { options, fleet, inputs, sources, evidence, notes } = of;
  const used = sourcesOf(fleet, inputs);
  const named = used.flatMap((s) => [s.weather, s.price, s.carbon, s.water].map((p) => p.source));
  return {
    schemaVersion: 1,
    version: manifest.version,
    command: commandOf(options),
    options: {
      mode: options.mode,
      gapTarget: options.gap,
      seed: options.seed,
      resamples: options.resamples,
      blockDays: options.blockDays,
      level: 0.95,
      everyWeeks: options.every,
      tariff: options.tariff ?? 'own',
      cooling: options.cooling ?? 'own',
    },
    span: spanJson(inputs),
    fleet: {
      name: fleet.name,
      prices: fleet.prices,
      classes: fleet.classes.map(({ id, meanInputTokens, meanOutputTokens }) => ({
        id,
        meanInputTokens,
        meanOutputTokens,
      })),
      sites: fleet.sites.map((s) => ({
        id: s.id,
        name: s.name,
        gridRegion: s.gridRegion,
        hardware: s.hardware.profile,
        servers: s.hardware.servers,
        cooling: s.cost.cooling.kind,
        tariff: s.cost.tariff.kind,
      })),
    },
    data: {
      files: sources.files,
      ...(sources.notes && { notes: sources.notes }),
      sources: used,
      attributions: attributionsOfFolder(named, sources.notes?.text ?? ''),
    },
    notes,
    evidence,
  };
}

/** Text of a document: nothing in it is known to more than nine digits, and some differ by machine. */
export function documentText(document: ReportDocument): string {
  const rounded = (_: string, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(9)) : value;
  return `${JSON.stringify(document, rounded, 2)}\n`;
}

function commandOf(o: ReportOptions): string {
  const parts = ['npx isotherm report', '--data DIR'];
  if (o.year !== undefined) parts.push(`--year ${o.year}`);
  else parts.push(`--from ${o.from} --to ${o.to}`);
  if (o.sections.length < sections.length)
    parts.push(`--sections ${o.sections.join(',') || 'none'}`);
  if (o.every !== 4) parts.push(`--every ${o.every}`);
  if (o.seed !== 1) parts.push(`--seed ${o.seed}`);
  if (o.resamples !== 2000) parts.push(`--resamples ${o.resamples}`);
  if (o.blockDays !== 7) parts.push(`--block-days ${o.blockDays}`);
  if (o.fleet !== undefined) parts.push('--fleet FILE');
  if (o.tariff !== undefined) parts.push(`--tariff ${o.tariff}`);
  if (o.cooling !== undefined) parts.push(`--cooling '${o.cooling}'`);
  if (o.mode !== 'learned') parts.push(`--mode ${o.mode}`);
  if (o.gap !== 1e-5) parts.push(`--gap ${o.gap}`);
  return parts.join(' ');
}
