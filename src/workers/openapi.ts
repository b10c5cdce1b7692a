import { z } from 'zod';
import { componentSchemas, type Operation, operations } from './api-operations.ts';

type JsonSchema = Record<string, unknown>;

/** A schema as callers meet it: what they may send, defaults and transformations aside. */
export function jsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
}

const tags: Record<Operation['access'], string> = {
  client: 'data plane',
  admin: 'admin plane',
  open: 'open',
};

/** The OpenAPI 3.1 document of both planes. */
export function openApi() {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method]: operationObject(operation),
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Isotherm',
      version: '1',
      description:
        'Routes LLM inference across edge data centers by weather, price and carbon. The data plane speaks the OpenAI API.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(componentSchemas).map(([name, schema]) => [name, jsonSchema(schema)]),
      ),
      securitySchemes: {
        client: { type: 'http', scheme: 'bearer', description: 'A client key.' },
        admin: { type: 'http', scheme: 'bearer', description: 'The admin token.' },
      },
    },
  };
}

function operationObject(o: Operation) {
  return {
    operationId: `${o.method}${o.path.replace(/[^a-z0-9]+/gi, '_')}`,
    summary: o.summary,
    tags: [tags[o.access]],
    security: o.access === 'open' ? [] : [{ [o.access]: [] }],
    ...parameters(o),
    ...(o.body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: jsonSchema(o.body) } },
      },
    }),
    responses: Object.fromEntries(
      Object.entries(o.answers).map(([status, answer]) => [status, answerObject(answer)]),
    ),
  };
}

function answerObject({ description, type, schema, streams, ...of }: Operation['answers'][number]) {
  return {
    description,
    ...(type && {
      content: {
        [type]: schema ? { schema: jsonSchema(schema) } : {},
        ...(streams && { 'text/event-stream': {} }),
      },
    }),
    ...(of.headers && { headers: headersOf(of.headers, of.jsonHeaders) }),
  };
}

function parameters({ path, query, headers }: Operation) {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const all = [...inPath, ...optional('query', query), ...optional('header', headers)];
  return all.length > 0 ? { parameters: all } : {};
}

function headersOf(given: z.ZodObject, asJson: Record<string, string[]> = {}) {
  return Object.fromEntries(
    optional('header', given).map(({ name, description, schema }) => {
      const anyOf = asJson[name]?.map((of) => ({ $ref: `#/components/schemas/${of}` }));
      const shape = anyOf ? { content: { 'application/json': { schema: { anyOf } } } } : { schema };
      return [name, { ...(description && { description }), ...shape }];
    }),
  );
}

function optional(where: 'query' | 'header', given: z.ZodObject | undefined) {
  return Object.entries(given?.shape ?? {}).map(([name, of]) => {
    const { description, ...schema } = jsonSchema(of as z.ZodType);
    return { name, in: where, required: false, ...(description ? { description } : {}), schema };
  });
}
