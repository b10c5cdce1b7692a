/**
 * How requests come and how long answers are, after the Azure LLM inference traces 2023
 * (AzurePublicDataset, CC BY 4.0), about an hour each. Figures are computed from them; no request of
 * theirs is in here.
 */
export interface TrafficProfile {
  /** Tokens of equally likely answers, rising. */
  answerTokens: readonly number[];
  /**
   * Rates vary in steps: over each span the rate is multiplied by a gamma variable of mean 1 and this
   * coefficient of variation, independently of other spans.
   */
  bursts: readonly { spanS: number; variation: number }[];
}

/** Counts of the trace by second, 10 s and minute vary by 0.50, 0.26 and 0.22 of their means. */
const conversation: TrafficProfile = {
  answerTokens: [
    27, 48, 60, 72, 81, 88, 93, 99, 108, 120, 139, 162, 197, 331, 391, 397, 406, 417, 434, 551,
  ],
  bursts: [{ spanS: 60, variation: 0.22 }],
};

/** The same of code completion: 2.27, 1.67 and 1.04. People who type, then think. */
const code: TrafficProfile = {
  answerTokens: [6, 6, 7, 8, 9, 9, 10, 11, 12, 13, 14, 15, 17, 19, 22, 26, 33, 47, 70, 206],
  bursts: [
    { spanS: 60, variation: 0.87 },
    { spanS: 10, variation: 1.04 },
    { spanS: 1, variation: 0.74 },
  ],
};

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** The trace whose answers are nearer to a class's in length, with answers of that mean. */
export function profileFor(meanOutputTokens: number): TrafficProfile {
  const off = (p: TrafficProfile) => Math.abs(Math.log(meanOutputTokens / mean(p.answerTokens)));
  const profile = off(conversation) <= off(code) ? conversation : code;
  const scale = meanOutputTokens / mean(profile.answerTokens);
  return { ...profile, answerTokens: profile.answerTokens.map((n) => n * scale) };
}
