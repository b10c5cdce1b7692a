import { randomUUID } from 'node:crypto';
import type { GenerationRequest } from './request.ts';
import type { FinishReason, WireFormat } from './wire.ts';

/** Bodies and events of /v1/responses, in the order in which OpenAI's server sends them, when vLLM does. */
export class ResponsesWire implements WireFormat {
  private readonly request: GenerationRequest;
  private readonly id = `resp_${randomUUID().replaceAll('-', '')}`;
  private readonly itemId = `msg_${randomUUID().replaceAll('-', '')}`;
  private readonly createdS = Math.floor(Date.now() / 1000);
  private sequence = 0;
  private text = '';

  constructor(request: GenerationRequest) {
    this.request = request;
  }

  whole(text: string, outputTokens: number, finishReason: FinishReason): unknown {
    const complete = finishReason === 'stop';
    return {
      ...this.response(complete ? 'completed' : 'incomplete'),
      incomplete_details: complete ? null : { reason: 'max_output_tokens' },
      output: [this.item(complete ? 'completed' : 'incomplete', [part(text)])],
      usage: {
        input_tokens: this.request.inputTokens,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: outputTokens,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: this.request.inputTokens + outputTokens,
      },
    };
  }

  greeting(): string {
    const response = this.response('in_progress');
    return (
      this.event('response.created', { response }) +
      this.event('response.in_progress', { response })
    );
  }

  opening(): string {
    return [
      this.event('response.output_item.added', {
        output_index: 0,
        item: this.item('in_progress', []),
      }),
      this.event('response.content_part.added', { ...this.place(), part: part('') }),
    ].join('');
  }

  tokenChunk(text: string): string {
    this.text += text;
    return this.event('response.output_text.delta', { ...this.place(), delta: text, logprobs: [] });
  }

  ending(outputTokens: number, finishReason: FinishReason): string {
    const text = this.text;
    const status = finishReason === 'stop' ? 'completed' : 'incomplete';
    return [
      this.event('response.output_text.done', { ...this.place(), text, logprobs: [] }),
      this.event('response.content_part.done', { ...this.place(), part: part(text) }),
      this.event('response.output_item.done', {
        output_index: 0,
        item: this.item(status, [part(text)]),
      }),
      this.event(`response.${status}`, {
        response: this.whole(text, outputTokens, finishReason),
      }),
    ].join('');
  }

  private response(status: string) {
    return {
      id: this.id,
      object: 'response',
      created_at: this.createdS,
      status,
      error: null,
      incomplete_details: null,
      instructions: null,
      metadata: {},
      model: this.request.model,
      output: [] as unknown[],
      parallel_tool_calls: true,
      temperature: 1,
      tool_choice: 'auto',
      tools: [],
      top_p: 1,
      usage: null as unknown,
    };
  }

  private item(status: string, content: unknown[]) {
    return { id: this.itemId, type: 'message', role: 'assistant', status, content };
  }

  private place() {
    return { item_id: this.itemId, output_index: 0, content_index: 0 };
  }

  private event(type: string, body: object): string {
    const data = { type, sequence_number: this.sequence++, ...body };
    return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
  }
}

function part(text: string) {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}
