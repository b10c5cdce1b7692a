/** The model in short; docs/model.md has every equation with its source. */
export const modelHtml = `
<p>All policies are charged by one model, whatever they believed when they decided. In short (every equation, constant and source is in <code>docs/model.md</code> of the version named above):</p>
<pre>objective   = Σ_t [ energy AUD + carbon kg/1000 · p_CO2 + water L/1000 · p_H2O ]
              + user-hours to first token · p_time + unserved requests · p_unserved
facility kW = IT kW · pPUE(T) + fixed overhead          cooling kW = IT kW · (pPUE(T) − 1)
IT kW       = sleeping and idle servers + Σ energy of requests, linear in requests
              (splitwise-sim’s measurements of Llama-2-70B on H100 and A100 servers)
pPUE(T)     = mixed-mode: 1.08 at or below 14 °C, 1.06 + 1/COP(T) at or above 22 °C, a line between
              economizer-quadratic: 7.1705e-5 T² + 0.0041 T + 1.0743 (Xu, Feng, Li 2013)
              air-cooled-chiller: 1.06 + 1/COP(T), EnergyPlus’ example chiller, rated COP 3
              adiabatic: the chiller behind wetted pads above 25 °C, with water by WUE(wet bulb)
TTFT        = round trip by distance + wait + half a decode step + prefill
wait        = Allen–Cunneen/Sakasegawa: L_q = V u^√(2(c+1)) / (1 − u), c servers at utilisation u</pre>
<p>The optimizer plans a day of 24 hours at a time. Hours are independent of one another where nothing waits and no site has a plant, so planning every hour anew with the same knowledge gives the same plans. Every day’s plan of an optimizing policy is proven within the gap stated with the policies.</p>
<p><b>Temperature awareness itself</b> is isotherm against <code>fixed-ppue</code>: the same optimizer that takes cooling to be one constant everywhere, the fleet’s true mean over the span. <b>Joint optimization</b> is isotherm against <code>nearest</code>. <b>Cooling</b> is energy beyond IT without the fixed overhead; it is always told apart from all energy.</p>
<p><b>Intervals</b> hold 95 % of resamples: moving blocks of consecutive days (circular; Künsch 1989, Politis and Romano 1992) are drawn until the span is full, for both policies alike, and the ratio of the sums is taken anew. They say how much the answer hangs on which days the year happened to have. They say nothing of whether the model is right; for that, see the sensitivity. Months and seasons have few blocks, and their intervals are rough.</p>`;

/** What no figure above can answer. */
export const limitsHtml = (sites: number, days: number) => `<ul>
<li><b>No site was measured.</b> Cooling curves, overheads, tariffs, fleet and demand are assumptions or published figures, none of them from a site that ran this.</li>
<li><b>One span, one fleet.</b> Weather of ${sites} places over ${days} days. Intervals are of days within them; another year may differ by more.</li>
<li><b>Perfect knowledge.</b> Unless a row says otherwise, each day’s weather, prices, carbon and demand are known when it is planned.</li>
<li><b>Demand is a model</b>: population times a daily shape, the same every day, no weekends, no bursts. Arrivals are taken as nearly random; recorded traces are burstier (<code>isotherm replay</code>).</li>
<li><b>Weather is reanalysis</b> on a grid, not a thermometer at a condenser. Heat of the city and of the hall’s own exhaust are missing.</li>
<li><b>Carbon is an average intensity</b>, not what one kWh more emits, and life-cycle or direct as the series is. What each changes is told under <a href="#sensitivity">How far it rests on assumptions</a>.</li>
<li><b>Policies of the literature are rebuilt</b> from their papers’ descriptions in our model, without their own queues, batching or renewables. They fill sites up to their limits, since none knows the queue here; that is where their late requests, and much of their objective, come from. Their authors’ own code may do better.</li>
<li><b>Moving is free</b>: no cache misses, no egress charges, no energy of the network.</li>
<li>pPUE does not depend on load, and a hall has no thermal inertia: what is gained by following hours is an upper bound.</li>
</ul>`;
