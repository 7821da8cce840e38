/* The page: draws the figures live over their stills, follows a model, sorts and copies tables, switches the theme.
 * Every foreign text goes through textContent. */
(function () {
  "use strict";

  var data = JSON.parse(document.getElementById("data").textContent), root = document.documentElement;
  var dark = window.matchMedia("(prefers-color-scheme: dark)"), charts = {}, places = {}, focus = null, printing = false;
  var speech = document.getElementById("speech"), plots = all(".plot");

  function all(selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); }

  function make(tag, text, parent) {
    var node = document.createElement(tag);
    if (text !== null) node.textContent = text;
    if (parent) parent.appendChild(node);
    return node;
  }

  function scheme() { return printing ? "light" : root.dataset.theme || (dark.matches ? "dark" : "light"); }

  /* What stands in a point's tooltip: name, then facts as rows. */
  function factsOf(params) {
    var item = params.data, box, table;
    if (!item || !item.facts) return "";
    box = make("div", null);
    make("b", item.name || params.name || "", box);
    table = make("table", null, box);
    table.className = "facts";
    item.facts.forEach(function (fact) {
      var row = make("tr", null, table);
      make("td", fact[0], row);
      make("td", fact[1], row);
    });
    return box;
  }

  function tooltip(theme) {
    return {
      trigger: "item", confine: true, className: "tip", backgroundColor: theme.paper, borderColor: theme.axis, padding: [8, 10],
      textStyle: { color: theme.ink, fontSize: 12 }, transitionDuration: 0, formatter: factsOf,
      extraCssText: "box-shadow:0 2px 10px rgba(0,0,0,.16);border-radius:4px"
    };
  }

  function draw(plot) {
    var id = plot.dataset.figure, theme = data.themes[scheme()], width = plot.clientWidth, chart = charts[id];
    var figure = gableFigure.build(echarts, data.figures[id], theme, width, false, focus);
    figure.option.tooltip = tooltip(theme);
    figure.option.series.forEach(function (series) { if (!series.silent) series.tooltip = { formatter: factsOf }; });
    plot.style.height = figure.height + "px";
    if (chart) {
      chart.resize({ width: width, height: figure.height });
    } else {
      plot.textContent = "";
      chart = charts[id] = echarts.init(plot, null, { renderer: "svg", width: width, height: figure.height });
      chart.on("click", function (params) { if (params.data && params.data.model) follow(params.data.model); });
    }
    gableFigure.draw(echarts, chart, figure);
    places[id] = figure.option.series.reduce(function (list, series, s) {
      (series.data || []).forEach(function (item, i) { if (item && item.facts) list.push({ series: s, index: i, item: item }); });
      return list;
    }, []);
  }

  function redraw() { plots.forEach(function (plot) { if (charts[plot.dataset.figure]) draw(plot); }); }

  function follow(model) {
    focus = focus === model ? null : model;
    all("tr[data-model]").forEach(function (row) { row.classList.toggle("followed", row.dataset.model === focus); });
    all("[data-follow]").forEach(function (button) { button.setAttribute("aria-pressed", String(button.dataset.follow === focus)); });
    redraw();
  }

  /* Arrow keys walk through a focused figure's points; Enter follows the model; Escape leaves. */
  function walk(plot, event) {
    var id = plot.dataset.figure, chart = charts[id], list = places[id] || [], at = plot.walked === undefined ? -1 : plot.walked, here;
    var step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!chart || !list.length) return;
    if (event.key === "Escape") {
      chart.dispatchAction({ type: "hideTip" });
      plot.walked = undefined;
    } else if (event.key === "Enter" && list[at] && list[at].item.model) {
      follow(list[at].item.model);
    } else if (step) {
      plot.walked = at < 0 && step < 0 ? list.length - 1 : (at + step + list.length) % list.length;
      here = list[plot.walked];
      chart.dispatchAction({ type: "showTip", seriesIndex: here.series, dataIndex: here.index });
      speech.textContent = [here.item.name || ""].concat(here.item.facts.map(function (f) { return f[0] + " " + f[1]; })).join(", ");
      event.preventDefault();
    }
  }

  function valueOf(cell) {
    var value = cell.dataset && cell.dataset.value !== undefined ? +cell.dataset.value : parseFloat(cell.textContent.replace("\u2212", "-").replace(/,/g, ""));
    return isNaN(value) ? null : value;
  }

  function sortBy(header) {
    var table = header.closest("table"), body = table.tBodies[0], column = header.cellIndex;
    var down = header.getAttribute("aria-sort") !== "descending";
    all("tr", body).sort(function (p, q) {
      var a = p.cells[column], b = q.cells[column], x = valueOf(a), y = valueOf(b);
      if (x === null !== (y === null)) return x === null ? 1 : -1; /* what has no number stays below */
      return (down ? -1 : 1) * (x !== null ? x - y : a.textContent.localeCompare(b.textContent));
    }).forEach(function (row) { body.appendChild(row); });
    all("thead th", table).forEach(function (th) { th.removeAttribute("aria-sort"); });
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
  }

  /* Rows of cells: a number unrounded, or a text. */
  function cellsOf(table) {
    return all("tr", table).map(function (row) {
      return Array.prototype.map.call(row.cells, function (cell) {
        var shown = cell.querySelector("summary") || cell;
        if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
        return cell.tagName === "TD" && cell.className === "n" && shown.textContent ? valueOf(shown) : shown.textContent;
      });
    });
  }

  /* RFC 4180; a text that a spreadsheet would compute is disarmed, as in the files. */
  function csvField(cell) {
    if (typeof cell === "number") return String(cell);
    if (/^[=+\-@\t\r]/.test(cell)) cell = "'" + cell;
    return /[",\r\n]/.test(cell) ? '"' + cell.replace(/"/g, '""') + '"' : cell;
  }

  function copy(rows) {
    var area = make("textarea", null, document.body), done;
    area.value = rows.map(function (row) { return row.map(function (c) { return String(c).replace(/\s+/g, " "); }).join("\t"); }).join("\n");
    area.className = "unseen";
    area.select();
    done = document.execCommand("copy");
    area.remove();
    return done;
  }

  function save(name, type, content) {
    var link = make("a", null), url = URL.createObjectURL(new Blob([content], { type: type }));
    link.href = url;
    link.download = name;
    link.click();
    window.setTimeout(function () { URL.revokeObjectURL(url); }, 10000);
  }

  function take(button) {
    var id = button.dataset.table, rows = cellsOf(document.getElementById(id + "-table")), what = button.dataset.take;
    if (what === "CSV") save("gable-" + id + ".csv", "text/csv", rows.map(function (r) { return r.map(csvField).join(","); }).join("\r\n") + "\r\n");
    else if (what === "JSON") save("gable-" + id + ".json", "application/json", JSON.stringify({ id: id, columns: rows[0], rows: rows.slice(1) }, null, 1) + "\n");
    else button.textContent = copy(rows) ? "Copied" : "Copying is not allowed here";
    button.focus();
    if (what === "Copy") window.setTimeout(function () { button.textContent = "Copy"; }, 1500);
  }

  function labelTheme() { document.getElementById("theme").textContent = scheme() === "dark" ? "Light" : "Dark"; }

  function openFor(hash) {
    var target = hash.length > 1 && document.getElementById(decodeURIComponent(hash.slice(1)));
    if (target && target.closest("details")) target.closest("details").open = true;
  }

  function enable() {
    document.querySelector(".follow").hidden = document.getElementById("theme").hidden = false;
    all(".tools").forEach(function (tools) { tools.hidden = false; });
    all(".numbers thead th").forEach(function (th) { /* a header becomes a button that sorts */
      var name = th.textContent;
      th.textContent = "";
      make("button", name, th).type = "button";
    });
    if (window.matchMedia("(max-width:859px)").matches) /* as page.css: there a table is longer than the screen */
      all("details:not(.hint)").forEach(function (d) { d.open = false; });
    labelTheme();
    openFor(location.hash);
  }

  function listen() {
    document.addEventListener("click", function (event) {
      var button = event.target.closest("[data-follow]"), header = event.target.closest("thead th"), taker = event.target.closest("[data-take]");
      if (button) follow(button.dataset.follow);
      else if (taker) take(taker);
      else if (header) sortBy(header);
    });
    document.addEventListener("keydown", function (event) {
      if (event.target.classList && event.target.classList.contains("plot")) walk(event.target, event);
    });
    document.getElementById("theme").addEventListener("click", function () {
      root.dataset.theme = scheme() === "dark" ? "light" : "dark";
      labelTheme();
      redraw();
    });
    dark.addEventListener("change", function () { labelTheme(); redraw(); });
    window.addEventListener("hashchange", function () { openFor(location.hash); });
    window.addEventListener("beforeprint", function () {
      printing = true;
      all("details:not(.hint)").forEach(function (d) { d.open = true; });
      plots.forEach(draw);
    });
    window.addEventListener("afterprint", function () { printing = false; redraw(); });
  }

  function onResize() {
    var width = window.innerWidth, pending = 0;
    window.addEventListener("resize", function () {
      if (window.innerWidth === width) return;
      width = window.innerWidth;
      window.clearTimeout(pending);
      pending = window.setTimeout(redraw, 120);
    });
  }

  function drawWhenNear() {
    var near = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (!entry.isIntersecting) return;
        near.unobserve(entry.target);
        if (!charts[entry.target.dataset.figure]) draw(entry.target);
      });
    }, { rootMargin: "400px" });
    plots.forEach(function (plot) { near.observe(plot); });
  }

  function markHere() {
    var links = all("nav li a"), here = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (entry.isIntersecting) links.forEach(function (a) { a.classList.toggle("here", a.hash === "#" + entry.target.id); });
      });
    }, { rootMargin: "-20% 0px -70% 0px" });
    all("article").forEach(function (article) { here.observe(article); });
  }

  enable();
  listen();
  onResize();
  drawWhenNear();
  markHere();
})();
