import { type ApiKey, nextMonthOf } from '../core/accounting/keys.ts';
import { estimatePromptTokens } from '../core/accounting/usage.ts';
import { type Caller, type Demand, isAllowed } from './account.ts';
import { type Env, now } from './env.ts';
import { keyRing } from './keys.ts';
import { type KeyRates, ratesOf } from './limits.ts';
import { openAiError } from './openai-error.ts';

/** What was set aside for a request that was let in. */
export interface Admission {
  rates?: KeyRates;
  /** Tokens it was taken for; corrected when it is over. */
  reservedTokens: number;
}

/** Lets a request in, or answers it: by the key's scope, then its budgets, then its rates. */
export async function admit(
  caller: Caller,
  demand: Demand,
  env: Env,
  ctx: ExecutionContext,
): Promise<Admission | Response> {
  const { key } = caller;
  const model = String(demand.body.model);
  if (!isAllowed(caller, model, demand.cls.id)) {
    const message = `This API key may not ask for the model '${model}'.`;
    return openAiError(403, message, { code: 'model_not_allowed', param: 'model' });
  }
  if (key === undefined) return { reservedTokens: 0 };
  const overspent = overBudget(key, now(env));
  if (overspent) return overspent;
  const rates = ratesOf(key);
  if (rates === undefined) return { reservedTokens: 0 };
  const reservedTokens = tokensAskedFor(demand);
  const amounts = { requests: 1, tokens: reservedTokens };
  const limit = await rates.spend(amounts, env, ctx);
  if (limit === undefined) return { rates, reservedTokens };
  const perMinute = limit === 'requests' ? key.requestsPerMinute : key.tokensPerMinute;
  const waitMs = rates.waitMs(limit, amounts[limit]);
  const headers: Record<string, string> = {};
  rates.label(headers);
  if (waitMs === undefined) headers['x-should-retry'] = 'false';
  else headers['retry-after'] = String(Math.ceil(waitMs / 1000));
  const message =
    waitMs === undefined
      ? `Request too large: about ${reservedTokens} tokens, the limit of this API key is ${perMinute} a minute.`
      : `Rate limit reached: ${perMinute} ${limit} a minute. Try again in ${Math.ceil(waitMs / 1000)} s.`;
  return openAiError(429, message, { type: limit, code: 'rate_limit_exceeded', headers });
}

/** What is known to be spent against the month's budgets. */
function overBudget(key: ApiKey, nowUtcMs: number): Response | undefined {
  const { budgetNanoAud, budgetCarbonMg } = key;
  if (budgetNanoAud === null && budgetCarbonMg === null) return undefined;
  const { costNanoAud, carbonMg } = keyRing.spent(key.id, nowUtcMs);
  const isOver =
    (budgetNanoAud !== null && costNanoAud >= budgetNanoAud) ||
    (budgetCarbonMg !== null && carbonMg >= budgetCarbonMg);
  if (!isOver) return undefined;
  const type = 'insufficient_quota';
  const message = "This API key has spent this month's budget.";
  // SDKs must not spend the rest of the month trying.
  const headers = {
    'retry-after': String(Math.ceil((nextMonthOf(nowUtcMs) - nowUtcMs) / 1000)),
    'x-should-retry': 'false',
  };
  return openAiError(429, message, { type, code: type, headers });
}

/** Prompt by its length, answer by the limit asked for or the class's mean. */
function tokensAskedFor({ body, cls, endpoint }: Demand): number {
  const prompt = estimatePromptTokens(body);
  if (endpoint === 'embeddings') return prompt;
  const given = [body.max_completion_tokens, body.max_tokens, body.max_output_tokens].find(
    (limit): limit is number => typeof limit === 'number',
  );
  return prompt + Math.ceil(given ?? cls.meanOutputTokens);
}
