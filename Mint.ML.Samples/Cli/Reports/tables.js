// A table that a click on a heading sorts, and a second click turns round. Missing values stay at the end.
// columns: { name, value(row): what is sorted by, cell(row): what is shown (the value if absent), numeric, plain: not sortable }
function table(columns, rows, { caption, find = false, empty = "Nothing to show." } = {}) {
  const body = el("tbody"), count = el("span", { class: "note", role: "status" });
  let order = rows.map((_, i) => i), wanted = "", only = null, onlyWhat = "";
  const shown = (column, row) => column.cell ? column.cell(row) : column.numeric ? fixed(column.value(row)) : column.value(row) ?? "–";
  const texts = find ? rows.map(row => columns.map(column => column.value?.(row)).filter(value => typeof value === "string").join("\n").toLowerCase()) : [];

  function draw() {
    const kept = order.filter(i => (!only || only(rows[i])) && (!wanted || texts[i].includes(wanted)));
    body.replaceChildren(...kept.map(i => el("tr", null, columns.map((column, c) => el(c === 0 ? "th" : "td", { class: column.numeric ? "number" : null, scope: c === 0 ? "row" : null }, shown(column, rows[i]))))));
    if (kept.length === 0) body.append(el("tr", null, el("td", { colspan: columns.length, class: "note" }, empty)));
    count.replaceChildren(kept.length === rows.length ? "" : `${kept.length} of ${rows.length}${onlyWhat ? `: ${onlyWhat} ` : ""}`);
    if (only) count.append(el("button", { type: "button", click: () => restrict(null, "") }, "show all"));
  }

  function sort(column, heading) {
    const turned = heading.getAttribute("aria-sort") === (column.numeric ? "descending" : "ascending");
    const descending = column.numeric !== turned && (column.numeric || turned);
    for (const other of heading.parentNode.children) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const value = i => column.value(rows[i]) ?? null;
    order.sort((a, b) => {
      const [first, second] = [value(a), value(b)];
      if (first === null || second === null) return (first === null) - (second === null) || a - b;
      const difference = typeof first === "number" && typeof second === "number" ? first - second : String(first).localeCompare(String(second), "en", { numeric: true });
      return (descending ? -difference : difference) || a - b;
    });
    draw();
  }

  function restrict(predicate, what) {
    [only, onlyWhat] = [predicate, what];
    draw();
  }

  const heading = column => {
    const cell = el("th", { scope: "col", class: column.numeric ? "number" : null });
    cell.append(column.plain ? column.name : el("button", { type: "button", click: () => sort(column, cell) }, column.name));
    return cell;
  };
  const search = find ? el("input", { type: "search", placeholder: "Find", "aria-label": "Find in this table", input: event => { wanted = event.target.value.toLowerCase(); draw(); } }) : null;
  draw();
  const node = el("div", null, find ? el("div", { class: "bar" }, search, count) : null,
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, el("table", null, el("thead", null, el("tr", null, columns.map(heading))), body)));
  return { node, restrict };
}
