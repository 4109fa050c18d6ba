function showRun(run) {
  const grid = (curves, options) => el("div", { class: "charts" }, curves.map(curve => chart(curve, options(curve))));
  const format = curve => /^memory/i.test(curve.name) ? bytes : number;
  const median = curve => { const held = curve.low.filter(value => value !== null).sort((a, b) => a - b); return held[held.length >> 1] ?? null; };
  const total = run.losses.find(loss => loss.name === "total") ?? run.losses[0], speed = run.others.find(curve => curve.name === "clipsPerSecond");
  const memory = run.others.find(curve => /^memory/i.test(curve.name));
  const done = run.steps === null || run.step >= run.steps;
  const parts = [section("run", "Run", null, tiles([
    ["step", run.steps === null ? number(run.step) : `${number(run.step)} of ${number(run.steps)}`],
    ["epoch", run.epoch === null ? null : number(Number(run.epoch.toFixed(2)))],
    [total ? `${words(total.name)} loss${total.mean ? ", smoothed" : ""}` : "", total ? number((total.mean ?? total.low).findLast(value => value !== null)) : null],
    ["clips per second", speed ? number(median(speed)) : null],
    ["memory at its peak", memory ? bytes(Math.max(...memory.high.filter(value => value !== null))) : null],
    ["time left", done || run.secondsLeft === null ? null : duration(run.secondsLeft)],
  ]))];
  if (run.losses.length > 0)
    parts.push(section("losses", "Losses", run.span > 1 ? `Pale: each step, or the range of the steps that share a point. Strong: an exponential mean over about ${run.span} steps. Dashed: what guessing gives.` : null, grid(run.losses, () => ({}))));
  if (run.validation.length > 0) parts.push(section("validation", "Validation", null, grid(run.validation, curve => ({ dots: curve.step.length < 100, format: format(curve) }))));
  if (run.others.length > 0) parts.push(section("speed", "Rate, speed and memory", null, grid(run.others, curve => ({ zero: true, format: format(curve) }))));
  if (run.retrieval) parts.push(showRetrieval(run.retrieval));
  if (run.options.length > 0)
    parts.push(section("options", "Options", null, table([{ name: "option", value: row => row[0] }, { name: "value", value: row => row[1] }], run.options, { caption: "Options" }).node));
  return parts;
}

const place = rank => `${rank}${rank % 100 >= 11 && rank % 100 <= 13 ? "th" : ["th", "st", "nd", "rd"][rank % 10] ?? "th"}`;

function showRetrieval(retrieval) {
  if (retrieval.count === 0) return section("retrieval", "Retrieval", "retrieval.jsonl holds no example.");
  const cards = retrieval.examples.map(example => el("article", { class: "card" },
    el("h3", null, el("q", null, example.caption)),
    el("p", { class: "note" }, `found ${place(example.rank)} · ${data.sounds[example.sound].name}`),
    player(example.sound),
    el("ol", { class: "hits" }, example.top.map(hit => el("li", { class: hit.right ? "right" : null }, playButton(hit.sound), el("span", { class: "name" }, data.sounds[hit.sound].name),
      hit.right ? el("span", { class: "badge" }, "right") : null, el("span", { class: "number" }, fixed(hit.score)))))));
  return section("retrieval", "Retrieval", `${number(retrieval.count)} captions each looked for their clip; ${retrieval.examples.length} of them, evenly from the best to the worst. Another clip of the same caption counts as its own.`,
    tiles([...retrieval.recall.map(([name, value]) => [name, percent(value)]), ["median rank", number(retrieval.medianRank)]]), el("div", { class: "cards" }, cards));
}
