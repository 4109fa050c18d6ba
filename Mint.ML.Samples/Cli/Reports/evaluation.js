// Ranks stay whole; a share of exactly 1 has decimals beside its interval's.
const decimals = (metric, value) => value === 1 && [metric.low, metric.high].some(end => end !== null && !Number.isInteger(end)) ? "1.000" : fixed(value);

function showEvaluation(evaluation) {
  const all = clips(evaluation);
  const parts = [section("metrics", "Metrics", "Intervals by drawing clips with replacement.", table([
    { name: "metric", value: metric => metric.name },
    { name: "value", value: metric => metric.value, numeric: true, cell: metric => decimals(metric, metric.value) },
    { name: "95 % interval", plain: true, numeric: true, cell: metric => metric.low === null || metric.high === null ? "–" : `${decimals(metric, metric.low)} to ${decimals(metric, metric.high)}` },
    { name: "from 0 to 1", plain: true, cell: metric => [whisker(metric.value, metric.low, metric.high), metric.note ? el("span", { class: "note" }, metric.note) : null] },
  ], evaluation.metrics, { caption: "Metrics" }).node)];
  if (evaluation.confusion) parts.push(section("confusion", "Confusion matrix", ["Rows are references, columns answers; a shade is the share of the row. A cell shows its clips. ", evaluation.confusionNote ?? ""], confusion(evaluation, all)));
  if (evaluation.classes) parts.push(section("classes", "Classes", null, classes(evaluation)));
  if (evaluation.ranks) parts.push(section("ranks", "Ranks", "At which place the right one was found.", ranks(evaluation.ranks)));
  if (evaluation.worst.length > 0)
    parts.push(section("worst", "Worst examples", [`${evaluation.worst.length} clips, ${evaluation.worstBy}. `, evaluation.noAttention ? `No attention is shown. ${evaluation.noAttention}` : `Under each spectrogram: where the queries listen, in ${evaluation.listener}.`],
      el("div", { class: "cards wide" }, evaluation.worst.map(example => worst(example, evaluation)))));
  if (evaluation.items.length > 0)
    parts.push(section("clips", "Clips", evaluation.items.length < evaluation.itemCount ? `The ${number(evaluation.items.length)} worst of ${number(evaluation.itemCount)}.` : null, all.node));
  return parts;
}

function jump(all, predicate, what) {
  all.restrict(predicate, what);
  document.getElementById("clips").scrollIntoView();
}

function confusion(evaluation, all) {
  const { labels, counts } = evaluation.confusion, name = label => label === null ? "others" : label === "" ? "(no answer)" : label;
  const cell = (row, column) => {
    const count = counts[row][column], sum = counts[row].reduce((a, b) => a + b, 0), what = `${name(labels[row])} answered as ${name(labels[column])}`;
    if (count === 0) return el("td", { class: "none" }, "·");
    const known = labels[row] !== null && labels[column] !== null;
    const button = el(known ? "button" : "span", {
      type: known ? "button" : null, title: `${what}: ${count} of ${sum} (${percent(count / sum)})`, "aria-label": `${what}: ${count}`,
      click: known ? () => jump(all, item => (item.reference[0] ?? "") === labels[row] && (item.answer ?? "") === labels[column], what) : null,
    }, String(count));
    const node = el("td", { class: row === column ? "hit" : "miss" }, button);
    node.style.setProperty("--share", `${Math.round(100 * count / sum)}%`);
    return node;
  };
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Confusion matrix" }, el("table", { class: "confusion" },
    el("thead", null, el("tr", null, el("td", null, ""), labels.map(label => el("th", { scope: "col" }, el("span", null, name(label)))))),
    el("tbody", null, labels.map((label, row) => el("tr", null, el("th", { scope: "row" }, name(label)), labels.map((_, column) => cell(row, column)))))));
}

function classes(evaluation) {
  const measures = Object.keys(evaluation.classes[0] ?? {}).filter(key => key !== "label");
  const per = table([{ name: "class", value: row => row.label }, ...measures.map(key => ({ name: key, value: row => row[key], numeric: true }))], evaluation.classes, { caption: "Classes", find: evaluation.classes.length > 20 });
  if (!evaluation.confusions?.length) return per.node;
  return el("div", { class: "columns" }, per.node, el("div", null, el("h3", null, "Most frequent confusions"), table([
    { name: "reference", value: row => row[0] }, { name: "answer", value: row => row[1] }, { name: "clips", value: row => row[2], numeric: true },
  ], evaluation.confusions, { caption: "Most frequent confusions" }).node));
}

function ranks(buckets) {
  const most = Math.max(...buckets.map(bucket => bucket[1]), 1);
  return el("dl", { class: "bars" }, buckets.map(([name, count]) => {
    const bar = el("span", { class: "fill" });
    bar.style.width = `${100 * count / most}%`;
    return el("div", null, el("dt", null, name), el("dd", null, bar, el("span", null, number(count))));
  }));
}

function worst(example, evaluation) {
  const sound = data.sounds[example.sound], playback = player(example.sound), audio = Array.isArray(playback) ? playback[0] : null, seconds = example.spectrogram?.seconds;
  return el("article", { class: "card" }, outcome(example, evaluation.task),
    example.top ? el("ol", { class: "hits" }, example.top.map(label => el("li", { class: label.right ? "right" : null }, el("span", { class: "name" }, label.label),
      label.right ? el("span", { class: "badge" }, "right") : null, el("span", { class: "number" }, fixed(label.score))))) : null,
    el("p", { class: "path" }, sound.name), playback,
    example.spectrogram ? spectrogram(example.spectrogram, audio) : null,
    example.attention ? attention(example.attention, seconds, audio) : null,
    example.unpictured ? el("p", { class: "missing" }, example.unpictured) : null);
}

// What was answered, beside what was right.
function outcome(example, task) {
  const answer = text => el("h3", null, text || "(no answer)"), references = el("span", { class: "reference" }, example.reference.join(task === "captioning" ? " / " : ", ") || "(none)");
  const note = (...parts) => el("p", { class: "note" }, ...parts, Object.entries(example.metrics).map(([name, value]) => ` · ${name} ${fixed(value)}`));
  if (task === "retrieval") {
    const found = example.found === undefined ? null : el("div", { class: "clip note" }, "found first: ", playButton(example.found), data.sounds[example.found].name);
    return [el("h3", null, el("q", null, example.reference.join(" / "))), note(example.rank === null ? "" : `its clip was found ${place(example.rank)}`), found];
  }
  if (task !== "classification") return [answer(example.answer), note(task === "captioning" ? "" : "right: ", references)];
  const right = example.reference.includes(example.answer);
  return [el("h3", { class: right ? "rightly" : "wrongly" }, example.answer || "(no answer)"), note(right ? "which is right: " : "instead of ", references)];
}

const named = index => el("span", { class: "clip" }, playButton(index), el("span", null, data.sounds[index].name));

function clips(evaluation) {
  const items = evaluation.items, measures = [...new Set(items.flatMap(item => Object.keys(item.metrics)))];
  const columns = [
    { name: "clip", value: item => data.sounds[item.sound].name, cell: item => named(item.sound) },
    { name: evaluation.task === "classification" ? "label" : "reference", value: item => item.reference.join(" / ") },
  ];
  if (items.some(item => item.answer)) columns.push({ name: "answer", value: item => item.answer });
  if (items.some(item => item.found !== undefined)) columns.push({ name: "found first", value: item => item.found === undefined ? null : data.sounds[item.found].name, cell: item => item.found === undefined ? "–" : named(item.found) });
  if (items.some(item => item.rank !== null)) columns.push({ name: "rank", value: item => item.rank, numeric: true });
  return table([...columns, ...measures.map(name => ({ name, value: item => item.metrics[name] ?? null, numeric: true }))], items, { caption: "Clips", find: true });
}
