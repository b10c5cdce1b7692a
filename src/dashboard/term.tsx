import { useId } from 'preact/hooks';

/** Words of the trade on this page, in plain ones. */
const DEFINITIONS: Record<string, string> = {
  pPUE: 'Partial power usage effectiveness: power of servers and cooling over that of the servers alone. 1.2 means that cooling takes a fifth of what the servers take. It rises with the heat outside.',
  'Marginal PUE':
    'What the meter turns more by for a kWh more of the requests’ own work. It may be under 1: servers draw power while idle, and a request more takes the place of some of it.',
  Certificate:
    'A proof that comes with the plan: no plan, however found, could cost less than a bound that was worked out with it. How far the two are apart is how much better a plan could be at most.',
  Gap: 'Cost of the plan less the proven bound, over that cost: the most by which any plan could be better. 0.01 % of 1,000 AUD are 10 cents.',
  Bound: 'What every plan costs at least, as the sites’ answers prove.',
  Objective:
    'What the plan weighs all together: energy cost, carbon, water and waiting at their prices.',
  Utilisation: 'Busy servers over all servers of the site, in the mean of the hour.',
  TTFT: 'Time to first token: from a request to the first piece of its answer.',
  Prefill:
    'Reading the prompt, before the first token. Times found in receipts over those of the registry: 1.1 is a tenth slower.',
  Decoding:
    'Writing the answer, token by token. Times found in receipts over those of the registry: 1.1 is a tenth slower.',
};

/** A text, to be asked what it means where its first words, up to a comma, are words of the trade. */
export function Term({ children: text }: { children: string }) {
  const id = useId();
  const words = text.split(',')[0] as string;
  const word = words in DEFINITIONS ? words : (words.split(' ')[0] as string);
  const definition = DEFINITIONS[word];
  if (definition === undefined) return <>{text}</>;
  // The browser opens and closes it, gives it back the focus, and tells that it is there.
  return (
    <>
      <button type="button" class="term" popovertarget={id}>
        {text}
      </button>
      <span id={id} popover="auto" class="definition" role="note">
        <strong>{word}</strong> {definition}
      </span>
    </>
  );
}
