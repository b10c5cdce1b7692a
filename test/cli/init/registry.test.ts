import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { slug } from '../../../src/cli/init/answers.ts';
import { chatClass, chatHourlyShape } from '../../../src/cli/init/chat-class.ts';
import { kmToRegion, locationHints, nearestRegion } from '../../../src/cli/init/places.ts';
import { registryText } from '../../../src/cli/init/registry-text.ts';
import { embeddedStation } from '../../../src/cli/init/stations.ts';
import { parseTariff } from '../../../src/cli/init/tariff-text.ts';
import { registryId } from '../../../src/core/model/registry-id.ts';
import { tariffSchema } from '../../../src/core/model/tariff.ts';
import { defaultFleetPath } from '../../../src/local/fleet-file.ts';
import { embeddedFleet } from '../../core/support/fleets.ts';

describe('a registry’s text', () => {
  test('is laid out as the package’s own, which the linter checks', () => {
    // Numbers are written as short as they go.
    const own = readFileSync(defaultFleetPath, 'utf8').replaceAll(/: (\d+)\.0$/gm, ': $1');
    expect(registryText(JSON.parse(own))).toBe(own);
  });

  test('says what the value says', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(registryText(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

test('the class it begins with is that of the package’s registry', () => {
  const { classes, demand } = embeddedFleet();
  expect(classes[0]).toMatchObject(chatClass);
  expect(demand.hourlyShape.chat).toEqual(chatHourlyShape);
});

test('the embedded cities know themselves, and nobody else', () => {
  for (const site of embeddedFleet().sites) {
    expect(embeddedStation(site)).toMatchObject({
      climateStation: site.climateStation,
      gridRegion: site.gridRegion,
    });
  }
  expect(embeddedStation({ latDeg: 59.9, lonDeg: 10.8 })).toBeUndefined();
});

describe('places', () => {
  test.each([
    ['Madrid', 40.4, -3.7, 'aws:eu-south-2', 'weur', 'weur'],
    ['Oslo', 59.9, 10.8, 'aws:eu-north-1', 'eeur', 'eeur'],
    ['Portland', 45.5, -122.7, 'aws:us-west-2', 'wnam', 'wnam'],
    [
      'Berlin, whose own region is no longer way off',
      52.5,
      13.4,
      'aws:eu-central-1',
      'eeur',
      'eeur',
    ],
    ['Lima, nearer to one of Google Cloud', -12, -77, 'gcp:southamerica-west1', 'sam', 'enam'],
    ['Hobart', -42.9, 147.3, 'aws:ap-southeast-4', 'oc', 'oc'],
    ['Suva, across the date line from nobody', -18.1, 178.4, 'aws:ap-southeast-2', 'oc', 'oc'],
    ['Durban', -29.9, 31, 'gcp:africa-south1', 'afr', 'apac'],
  ])('%s', (_, latDeg, lonDeg, region, coordinator, d1) => {
    expect(nearestRegion({ latDeg, lonDeg }).name).toBe(region);
    expect(locationHints([{ latDeg, lonDeg }])).toEqual({ coordinator, d1 });
  });

  test('know how far a region of AWS or Google Cloud is, and nothing of others', () => {
    const sydney = { latDeg: -33.9, lonDeg: 151.2 };
    expect(kmToRegion(sydney, 'aws:ap-southeast-2')).toBe(0);
    // By great circle; other sources say 714 km.
    expect(kmToRegion(sydney, 'aws:ap-southeast-4')).toBeCloseTo(711, -1);
    expect(kmToRegion(sydney, 'gcp:australia-southeast1')).toBe(0);
    for (const name of ['azure:australiaeast', 'aws:ap-nowhere-1', 'ap-southeast-2']) {
      expect(kmToRegion(sydney, name)).toBeUndefined();
    }
  });
});

describe('a tariff in a line', () => {
  test.each([
    ['0.21', { kind: 'flat', rateAudPerKwh: 0.21 }],
    ['-0.01', { kind: 'flat', rateAudPerKwh: -0.01 }],
    ['spot:0.12', { kind: 'spot', fallbackAudPerKwh: 0.12, networkAudPerKwh: 0 }],
    ['spot:0.12+0.05', { kind: 'spot', fallbackAudPerKwh: 0.12, networkAudPerKwh: 0.05 }],
    [
      '0.14@22-7  0.3@7-22',
      {
        kind: 'time-of-use',
        bands: [
          { fromHour: 22, toHour: 7, rateAudPerKwh: 0.14 },
          { fromHour: 7, toHour: 22, rateAudPerKwh: 0.3 },
        ],
      },
    ],
  ])('%s', (text, tariff) => {
    expect(parseTariff(text)).toEqual(tariff);
    expect(tariffSchema.safeParse(tariff).success).toBe(true);
  });

  test.each(['', 'cheap', '0.1 0.2', '0.1@7', '0,21', 'spot', 'spot:0.1-0.2', '0.1@7-22 cheap'])(
    '%j is none',
    (text) => expect(parseTariff(text)).toBeUndefined(),
  );
});

test('a name’s slug is an id, or empty', () => {
  expect(slug('São Paulo 2')).toBe('sao-paulo-2');
  expect(slug('3 Ålesund!')).toBe('alesund');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      const id = slug(name);
      expect(id === '' || registryId.safeParse(id).success).toBe(true);
    }),
  );
});
