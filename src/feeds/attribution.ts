/** Whose data it is, and under what terms: shown wherever the data is. */
export interface Attribution {
  source: string;
  text: string;
  licence: string;
  url: string;
}

/** By what the names of sources hold. Where the terms were read: docs/feeds.md. */
const known: (Attribution & { mark: RegExp; isOfOneFile?: true })[] = [
  {
    mark: /open-?meteo/i,
    source: 'Open-Meteo',
    text: 'Weather data by Open-Meteo.com',
    licence: 'CC BY 4.0; the free service is for non-commercial use',
    url: 'https://open-meteo.com/',
  },
  {
    mark: /\bAEMO\b/i,
    source: 'AEMO',
    text: 'Prices: Australian Energy Market Operator (AEMO)',
    licence: 'AEMO’s general permission, with attribution',
    url: 'https://www.aemo.com.au/privacy-and-legal-notices/copyright-permissions',
  },
  {
    mark: /open ?electricity/i,
    source: 'Open Electricity',
    text: 'Data sourced from Open Electricity (Superpower Institute), licensed under CC BY-NC 4.0.',
    licence: 'CC BY-NC 4.0; commercial use needs an agreement',
    url: 'https://platform.openelectricity.org.au/license',
  },
  {
    mark: /electricity ?maps/i,
    source: 'Electricity Maps',
    text: 'Carbon intensity by Electricity Maps',
    licence: 'by the terms of the account',
    url: 'https://www.electricitymaps.com/',
  },
  {
    mark: /watttime/i,
    source: 'WattTime',
    text: 'Marginal emissions by WattTime',
    licence: 'by the terms of the account',
    url: 'https://watttime.org/',
  },
  {
    mark: /Bureau of Meteorology/,
    source: 'Bureau of Meteorology',
    text: 'Climatology derived from daily observations of the Australian Bureau of Meteorology',
    licence: 'CC BY',
    url: 'http://www.bom.gov.au/',
    isOfOneFile: true,
  },
  {
    mark: /\bNGA\b/,
    source: 'National Greenhouse Accounts Factors',
    text: 'Emission factors: Australian National Greenhouse Accounts Factors 2024',
    licence: 'CC BY 4.0',
    url: 'https://www.dcceew.gov.au/',
    isOfOneFile: true,
  },
  {
    mark: /llm_azure2023/i,
    source: 'Azure LLM inference traces 2023',
    text: 'Requests: Azure LLM inference traces 2023 (AzurePublicDataset)',
    licence: 'CC BY 4.0',
    url: 'https://github.com/Azure/AzurePublicDataset',
    isOfOneFile: true,
  },
  {
    mark: /llm_mooncake/i,
    source: 'Mooncake',
    text: 'Requests: traces published with Mooncake',
    licence: 'Apache-2.0',
    url: 'https://github.com/kvcache-ai/Mooncake',
    isOfOneFile: true,
  },
  {
    mark: /llm_servegen/i,
    source: 'ServeGen',
    text: 'Request rates: ServeGen',
    licence: 'Apache-2.0',
    url: 'https://github.com/alibaba/ServeGen',
    isOfOneFile: true,
  },
];

/** Whom to name for data of these sources, each once. */
export function attributionsOf(sources: Iterable<string>): Attribution[] {
  const all = [...sources];
  return known.filter(({ mark }) => all.some((source) => mark.test(source))).map(bare);
}

/**
 * The same for series of a folder, whose files do not name their sources but whose notes may. What the
 * package embeds and recorded requests are named only where a series is of them: notes may speak of files
 * that are not read.
 */
export function attributionsOfFolder(sources: readonly string[], notes: string): Attribution[] {
  return known
    .filter(
      ({ mark, isOfOneFile }) =>
        sources.some((source) => mark.test(source)) || (!isOfOneFile && mark.test(notes)),
    )
    .map(bare);
}

const bare = ({ source, text, licence, url }: Attribution): Attribution => ({
  source,
  text,
  licence,
  url,
});

/** The same of a plan's sites. */
export function attributionsOfSites(
  sites: readonly { sources: { [kind: string]: { source: string } } }[],
): Attribution[] {
  return attributionsOf(
    sites.flatMap((site) => Object.values(site.sources).map(({ source }) => source)),
  );
}
