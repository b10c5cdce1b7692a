import { randomUUID } from 'node:crypto';
import type { GenerationRequest } from './request.ts';

export type FinishReason = 'stop' | 'length';

/** Builds the response bodies of one request, in the shapes of its endpoint. */
export interface WireFormat {
  whole(text: string, outputTokens: number, finishReason: FinishReason): unknown;
  /** Sent as soon as a stream is taken on, before its prompt is worked on. */
  greeting(): string;
  /** With the first token of a stream, before it. */
  opening(): string;
  tokenChunk(text: string): string;
  ending(outputTokens: number, finishReason: FinishReason): string;
}

/** Chat and the older completions. */
export class ChatWire implements WireFormat {
  private readonly request: GenerationRequest;
  private readonly id: string;
  private readonly createdS = Math.floor(Date.now() / 1000);

  constructor(request: GenerationRequest) {
    this.request = request;
    const prefix = request.endpoint === 'chat' ? 'chatcmpl' : 'cmpl';
    this.id = `${prefix}-${randomUUID().replaceAll('-', '')}`;
  }

  whole(text: string, outputTokens: number, finishReason: FinishReason): unknown {
    const choice =
      this.request.endpoint === 'chat'
        ? { message: { role: 'assistant', content: text } }
        : { text };
    return {
      ...this.head('chat.completion'),
      choices: [{ index: 0, ...choice, logprobs: null, finish_reason: finishReason }],
      usage: this.usage(outputTokens),
    };
  }

  /** vLLM sends the role with the first token: an error before it is to be the first event. */
  greeting(): string {
    return '';
  }

  /** Only chat streams open with a role. */
  opening(): string {
    if (this.request.endpoint !== 'chat') return '';
    return this.chunk({ delta: { role: 'assistant', content: '' } }, null);
  }

  tokenChunk(text: string): string {
    return this.chunk(
      this.request.endpoint === 'chat' ? { delta: { content: text } } : { text },
      null,
    );
  }

  ending(outputTokens: number, finishReason: FinishReason): string {
    const empty = this.request.endpoint === 'chat' ? { delta: {} } : { text: '' };
    const usage = this.request.includeUsage
      ? event({
          ...this.head('chat.completion.chunk'),
          choices: [],
          usage: this.usage(outputTokens),
        })
      : '';
    return `${this.chunk(empty, finishReason)}${usage}data: [DONE]\n\n`;
  }

  private head(chatObject: string) {
    return {
      id: this.id,
      object: this.request.endpoint === 'chat' ? chatObject : 'text_completion',
      created: this.createdS,
      model: this.request.model,
    };
  }

  private chunk(choice: object, finishReason: FinishReason | null): string {
    return event({
      ...this.head('chat.completion.chunk'),
      choices: [{ index: 0, ...choice, logprobs: null, finish_reason: finishReason }],
    });
  }

  private usage(outputTokens: number) {
    return {
      prompt_tokens: this.request.inputTokens,
      completion_tokens: outputTokens,
      total_tokens: this.request.inputTokens + outputTokens,
    };
  }
}

function event(body: unknown): string {
  return `data: ${JSON.stringify(body)}\n\n`;
}

export function modelList(models: readonly string[], createdS: number): unknown {
  const data = models.map((id) => ({
    id,
    object: 'model',
    created: createdS,
    owned_by: 'vllm',
    root: id,
    parent: null,
  }));
  return { object: 'list', data };
}
