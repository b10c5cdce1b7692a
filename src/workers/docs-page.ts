import { html } from 'hono/html';
import { openApi } from './openapi.ts';

type Json = Record<string, unknown>;
type Document = ReturnType<typeof openApi>;

/** The OpenAPI document as a page: no script, nothing from elsewhere. */
export function docsPage(document: Document = openApi()) {
  const byTag = new Map<string, { path: string; method: string; of: Json }[]>();
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, of] of Object.entries(methods)) {
      const [tag = ''] = (of as { tags: string[] }).tags;
      byTag.set(tag, [...(byTag.get(tag) ?? []), { path, method, of: of as Json }]);
    }
  }
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>Isotherm API</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="/docs.css" />
  </head>
  <body>
    <header>
      <h1>Isotherm API</h1>
      <p>${document.info.description} <a href="/openapi.json">OpenAPI ${document.openapi}</a></p>
    </header>
    <main>
      ${[...byTag].map(
        ([tag, list]) => html`<section aria-label="${tag}">
        <h2>${tag}</h2>
        <p class="quiet">${opener(list[0]?.of)}</p>
        ${list.map(({ path, method, of }) => operation(path, method, of))}
      </section>`,
      )}
      <section aria-label="schemas">
        <h2>schemas</h2>
        <p class="quiet">What headers in JSON hold.</p>
        ${Object.entries(document.components.schemas).map(([name, of]) => schemaOf(name, of))}
      </section>
    </main>
  </body>
</html>`;
}

interface Answer {
  description: string;
  headers?: Record<string, { description?: string; schema?: Json }>;
}

/** What opens the operations of a section. */
function opener(of: Json | undefined): string {
  const [first] = (of?.security ?? []) as Record<string, unknown>[];
  if (first === undefined) return 'For everybody.';
  const what = 'client' in first ? 'a client key' : 'the admin token';
  return `With ${what} as the bearer token.`;
}

function operation(path: string, method: string, of: Json) {
  const {
    summary,
    parameters = [],
    requestBody,
    responses,
  } = of as {
    summary: string;
    parameters?: { name: string; description?: string; schema: Json }[];
    requestBody?: { content: { 'application/json': { schema: Json } } };
    responses: Record<string, Answer>;
  };
  const [hopedFor] = Object.values(responses);
  const headers = Object.entries(hopedFor?.headers ?? {});
  const schema = requestBody?.content['application/json'].schema;
  return html`<details>
          <summary><code>${method.toUpperCase()} ${path}</code> ${summary}</summary>
          ${section('Parameters', parameters, (p) => [p.name, typeOf(p.schema), p.description])}
          ${section('Body', schema ? fields(schema) : [], (field) => field)}
          ${section('Answers', Object.entries(responses), ([status, { description }]) => [status, '', description])}
          ${section('Headers of the answer', headers, ([name, h]) => [name, h.schema ? typeOf(h.schema) : 'JSON', h.description])}
        </details>`;
}

function schemaOf(name: string, schema: Json) {
  return html`<details>
          <summary><code>${name}</code> ${schema.description as string}</summary>
          ${section('Fields', nested(schema), (field) => field)}
        </details>`;
}

/** Fields of objects within after the object's own, each by its path. */
function nested(schema: Json, path = ''): Row[] {
  return fields(schema).flatMap(([name, type, description]) => {
    const inner = (schema.properties as Record<string, Json>)[name] as Json;
    const row: Row = [path + name, type, description];
    return inner.type === 'object' ? [row, ...nested(inner, `${path}${name}.`)] : [row];
  });
}

/** Name, type and description. */
type Row = [string, string, string | undefined];

function section<T>(title: string, items: readonly T[], rowOf: (item: T) => Row) {
  if (items.length === 0) return '';
  return html`<h3>${title}</h3>
          <dl>
            ${items
              .map(rowOf)
              .map(
                ([name, type, description]) =>
                  html`<dt><code>${name}</code> <span class="type">${type}</span></dt><dd>${withCode(description ?? '')}</dd>`,
              )}
          </dl>`;
}

/** Text with what stands in backticks as code. */
function withCode(text: string): unknown[] {
  return text.split('`').map((part, n) => (n % 2 === 1 ? html`<code>${part}</code>` : part));
}

function fields(schema: Json): Row[] {
  const required = new Set(schema.required as string[] | undefined);
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Json>);
  return properties.map(([name, of]) => [
    name,
    `${typeOf(of)}${required.has(name) ? ', required' : ''}`,
    of.description as string | undefined,
  ]);
}

/** A type in words: `integer, 1 to 1000`. */
function typeOf(schema: Json): string {
  if (Array.isArray(schema.enum)) return schema.enum.join(' or ');
  if (Array.isArray(schema.anyOf)) return (schema.anyOf as Json[]).map(typeOf).join(' or ');
  const type = String(schema.type ?? 'anything');
  const low = schema.minimum ?? schema.exclusiveMinimum;
  // Every integer of zod's has the bounds of exact ones.
  const isBound = schema.maximum !== undefined && schema.maximum !== Number.MAX_SAFE_INTEGER;
  const range =
    low !== undefined && isBound
      ? `, ${Number(low).toLocaleString('en')} to ${Number(schema.maximum).toLocaleString('en')}`
      : '';
  const of = type === 'array' ? ` of ${typeOf((schema.items ?? {}) as Json)}` : '';
  return `${type}${of}${range}`;
}
