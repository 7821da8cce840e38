/* Draws one figure from its spec (report/figure.h) with ECharts: theme, header, key, number formats, labels.
 * ES5 without a document: the same file runs in Duktape for the written figures and in the browser for the page. */
var gableFigure = (function () {
  "use strict";

  var FONT = "Liberation Sans, Arial, Helvetica, sans-serif";
  var TITLE = 15, SUBTITLE = 12, LABEL = 11, NOTE = 10;
  var NARROW = 520; /* below this width the spec's narrow variant applies */

  function font(size, bold) { return (bold ? "bold " : "") + size + "px " + FONT; }

  function clone(value) { return JSON.parse(JSON.stringify(value)); }

  function merge(into, patch) {
    var key, i;
    for (key in patch) {
      if (Array.isArray(patch[key]) && Array.isArray(into[key]) && patch[key].length && typeof patch[key][0] === "object") {
        for (i = 0; i < patch[key].length; i++) {
          if (into[key][i] === undefined) into[key][i] = patch[key][i];
          else merge(into[key][i], patch[key][i]);
        }
      } else if (patch[key] && typeof patch[key] === "object" && !Array.isArray(patch[key]) && into[key]) {
        merge(into[key], patch[key]);
      } else {
        into[key] = patch[key];
      }
    }
  }

  /* 1234567, "B" -> "1.23 MB": three digits, engineering prefix. The rules of base/units.c. */
  function quantity(value, unit) {
    var prefixes = ["p", "n", "\u00b5", "m", "", "k", "M", "G", "T", "P", "E"], e, scaled, size;
    if (typeof value !== "number" || isNaN(value)) return "-";
    if (value === 0) return "0" + (unit ? "\u00a0" + unit : "");
    e = Math.max(-4, Math.min(6, Math.floor(Math.log(Math.abs(value)) / Math.LN10 / 3 + 1e-9)));
    for (;; e++) { /* 999.7 rounds up to the next prefix */
      scaled = value / Math.pow(10, 3 * e);
      if (Math.abs(scaled) < 999.5 || e === 6) break;
    }
    size = Math.abs(scaled);
    return scaled.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2) + (unit || e ? "\u00a0" : "") + prefixes[e + 4] + (unit || "");
  }

  /* A tick: as quantity, without zeros that say nothing. */
  function tick(value, unit) {
    return quantity(value, unit).replace(/^(-?\d+)\.(\d*?)0+(?!\d)/, function (all, whole, part) { return part ? whole + "." + part : whole; });
  }

  /* "@eng", "@eng:s", "@times", ...; any other text stands for itself, so that no foreign name is a template. */
  function formatter(name) {
    var parts = String(name).split(":");
    if (parts[0] === "@eng") return function (value) { return tick(value, parts[1]); };
    if (parts[0] === "@plain") return function (value) { return String(value); };
    if (parts[0] === "@times") return function (value) { return value + "\u00d7"; };
    if (parts[0] === "@percent") return function (value) { return Math.round(100 * value) + " %"; };
    return function () { return name; };
  }

  /* Only keys that hold a colour are looked up: a model may be called "@ink". */
  function resolve(node, theme) {
    var key;
    for (key in node) {
      if (node[key] && typeof node[key] === "object") resolve(node[key], theme);
      else if (typeof node[key] !== "string") continue;
      else if (key === "formatter") node[key] = formatter(node[key]);
      else if (/color$/i.test(key) && node[key].charAt(0) === "@") node[key] = paint(theme, node[key]);
    }
    return node;
  }

  function paint(theme, name) {
    var value = theme[name.charAt(0) === "@" ? name.slice(1) : name];
    if (!value) throw new Error("unknown colour " + name);
    return value;
  }

  function textWidth(echarts, text, size, bold) { return echarts.format.getTextRect(text, font(size, bold)).width; }

  function wrap(echarts, text, size, bold, width) {
    var words = text.split(" "), lines = [], line = "", i, longer;
    for (i = 0; i < words.length; i++) {
      longer = line ? line + " " + words[i] : words[i];
      if (line && textWidth(echarts, longer, size, bold) > width) {
        lines.push(line);
        line = words[i];
      } else {
        line = longer;
      }
    }
    if (line) lines.push(line);
    return lines;
  }

  /* Lines of about the same length, as many as needed. */
  function balance(echarts, string, size, bold, width) {
    var lines = wrap(echarts, string, size, bold, width), w, tighter;
    if (lines.length < 2) return lines;
    for (w = width - 8; w > width / 2; w -= 8) {
      tighter = wrap(echarts, string, size, bold, w);
      if (tighter.length > lines.length) break;
      lines = tighter;
    }
    return lines;
  }

  function text(x, y, string, options) {
    return {
      type: "text", x: x, y: y, z: options.z || 60, z2: options.halo ? 0 : 1, rotation: options.rotation || 0, silent: true,
      style: {
        text: string, fill: options.fill, font: font(options.size || LABEL, options.bold), textAlign: options.align || "left",
        textVerticalAlign: "middle", lineHeight: options.lineHeight || 14, opacity: options.opacity === undefined ? 1 : options.opacity,
        stroke: options.halo || null, lineWidth: options.halo ? 3 : 0
      }
    };
  }

  /* A text that stays legible over lines. The halo is a text of its own: librsvg paints a stroke over the fill. */
  function haloed(out, x, y, string, options, paper) {
    var halo = { size: options.size, bold: options.bold, align: options.align, rotation: options.rotation, z: options.z, fill: paper, halo: paper };
    out.push(text(x, y, string, halo));
    out.push(text(x, y, string, options));
  }

  function line(x1, y1, x2, y2, stroke, opacity, width) {
    return { type: "line", z: 40, silent: true, shape: { x1: x1, y1: y1, x2: x2, y2: y2 },
             style: { stroke: stroke, lineWidth: width || 0.8, opacity: opacity === undefined ? 1 : opacity } };
  }

  function swatch(entry, x, y, theme) {
    var colour = paint(theme, entry.color), shape = entry.shape;
    if (shape === "line" || shape === "dash")
      return { type: "line", z: 40, silent: true, shape: { x1: x, y1: y, x2: x + 16, y2: y },
               style: { stroke: colour, lineWidth: 1.4, lineDash: shape === "dash" ? [4, 3] : null } };
    if (shape === "drop")
      return { type: "line", z: 40, silent: true, shape: { x1: x + 5, y1: y - 6, x2: x + 5, y2: y + 6 },
               style: { stroke: colour, lineWidth: 1, lineDash: [1.5, 2.5] } };
    if (shape === "square")
      return { type: "rect", z: 40, silent: true, shape: { x: x, y: y - 5, width: 10, height: 10 }, style: { fill: colour } };
    return { type: "circle", z: 40, silent: true, shape: { cx: x + 5, cy: y, r: 4 },
             style: shape === "ring" ? { fill: theme.paper, stroke: colour, lineWidth: 1.4 } : { fill: colour } };
  }

  function key(echarts, entries, width, y, theme, out) {
    var x = 0, i, w, mark;
    for (i = 0; i < entries.length; i++) {
      mark = entries[i].shape === "none" ? 0 : entries[i].shape === "line" || entries[i].shape === "dash" ? 22 : 15;
      w = mark + textWidth(echarts, entries[i].text, LABEL, false);
      if (x > 0 && x + w > width) {
        x = 0;
        y += 17;
      }
      if (mark) out.push(swatch(entries[i], x, y + 7, theme));
      out.push(text(x + mark, y + 7, entries[i].text, { fill: theme.muted }));
      x += w + 14;
    }
    return y + 17;
  }

  function fade(spec, model) {
    function mark(item, styles) {
      var i;
      if (!item || !item.model || item.model === model) return;
      for (i = 0; i < styles.length; i++) {
        item[styles[i]] = item[styles[i]] || {};
        item[styles[i]].opacity = 0.1;
      }
    }
    spec.option.series.forEach(function (series) {
      (series.data || []).forEach(function (item) { mark(item, series.type === "lines" ? ["lineStyle"] : ["itemStyle"]); });
    });
  }

  /* The option without labels, and what the labels need. focus: the model to follow, or null. */
  function build(echarts, original, theme, width, titled, focus) {
    var spec = clone(original), graphics = [], y = 0, header, lines, footer;
    if (width < NARROW && spec.narrow) merge(spec, spec.narrow);
    if (focus) fade(spec, focus);
    if (titled) {
      y = 2;
      lines = balance(echarts, spec.title, TITLE, true, width);
      lines.forEach(function (l) {
        graphics.push(text(0, y + 9, l, { fill: theme.ink, size: TITLE, bold: true, lineHeight: 19 }));
        y += 19;
      });
      y += 3;
      balance(echarts, spec.subtitle || "", SUBTITLE, false, width).forEach(function (l) {
        graphics.push(text(0, y + 8, l, { fill: theme.muted, size: SUBTITLE, lineHeight: 16 }));
        y += 16;
      });
      y += 12;
    }
    header = y;
    if (spec.key) y = key(echarts, spec.key, width, y, theme, graphics) + 10;
    (spec.option.grid || []).forEach(function (g) { g.top += y; });
    spec.option.series.forEach(function (s) { if (s.center) s.center[1] += y; });
    (spec.rules || []).forEach(function (rule) { graphics.push(line(0, rule.y + y, width, rule.y + y, paint(theme, rule.color || "grid"), 1, rule.width)); });
    (spec.texts || []).forEach(function (t) {
      var x = t.of ? width * t.x / t.of : t.x;
      graphics.push(text(x, t.y + y, t.text, { fill: paint(theme, t.color), align: t.align, bold: t.bold, size: t.size, lineHeight: t.lineHeight }));
    });
    y += spec.height;
    footer = y;
    if (titled) {
      y += 6;
      wrap(echarts, spec.note || "", NOTE, false, width).forEach(function (l) {
        graphics.push(text(0, y + 7, l, { fill: theme.faint, size: NOTE, lineHeight: 13 }));
        y += 13;
      });
      y += 3;
    }
    (spec.option.grid || []).forEach(function (g) { if (g.bottom !== undefined) g.bottom += y - footer; });
    spec.option.animation = false;
    spec.option.backgroundColor = "transparent";
    spec.option.textStyle = { fontFamily: FONT, fontSize: LABEL, lineHeight: 14 };
    resolve(spec.option, theme);
    return { spec: spec, option: spec.option, graphics: graphics, theme: theme, width: width, header: header, footer: footer, height: y, focus: focus };
  }

  function pixel(chart, grid, at) { return chart.convertToPixel({ xAxisIndex: grid || 0, yAxisIndex: grid || 0 }, at); }

  function opacityOf(figure, item) { return figure.focus && item.model && item.model !== figure.focus ? 0.12 : 1; }

  function isStrong(figure, item) { return item.bold || (figure.focus && item.model === figure.focus); }

  /* Points and lines that labels must not cover, from the series themselves. */
  function obstacles(chart, figure) {
    var discs = [], segments = [];
    figure.spec.option.series.forEach(function (series) {
      var grid = series.xAxisIndex || 0, cost = series.avoid === undefined ? 0.5 : series.avoid;
      if (series.type === "scatter") {
        series.data.forEach(function (item) {
          var p = pixel(chart, grid, item.value);
          discs.push({ x: p[0], y: p[1], r: (item.symbolSize || series.symbolSize || 8) / 2, model: item.model });
        });
      } else if (series.type === "line" || series.type === "lines") {
        (series.type === "line" ? [series.data.map(function (d) { return d.value || d; })]
          : series.data.map(function (d) { return d.coords; })).forEach(function (points) {
          for (var i = 1; i < points.length; i++) {
            var a = pixel(chart, grid, points[i - 1]), b = pixel(chart, grid, points[i]);
            segments.push({ x1: a[0], y1: a[1], x2: b[0], y2: b[1], cost: cost });
          }
        });
      }
    });
    return { discs: discs, segments: segments };
  }

  function lineLabels(echarts, chart, figure, segments) {
    (figure.spec.lineLabels || []).forEach(function (label) {
      var a = pixel(chart, label.grid, label.from), b = pixel(chart, label.grid, label.to), t = label.t;
      var angle = Math.atan2(b[1] - a[1], b[0] - a[0]), w = textWidth(echarts, label.text, LABEL, label.bold), off = 9 * (label.side || 1);
      var anchor = label.align || "center", shift = anchor === "center" ? 0 : anchor === "right" ? -w / 2 : w / 2;
      var x = a[0] + (b[0] - a[0]) * t + Math.sin(angle) * off, y = a[1] + (b[1] - a[1]) * t - Math.cos(angle) * off;
      haloed(figure.graphics, x, y, label.text, { fill: paint(figure.theme, label.color), align: anchor, rotation: -angle, bold: label.bold, z: 30 }, figure.theme.paper);
      segments.push({ x1: x + (shift - w / 2) * Math.cos(angle), y1: y + (shift - w / 2) * Math.sin(angle),
                      x2: x + (shift + w / 2) * Math.cos(angle), y2: y + (shift + w / 2) * Math.sin(angle), cost: 14, pad: 7 });
    });
  }

  /* Labels in the margin at the right end of lines, spread along y. */
  function endLabels(chart, figure) {
    var grids = {};
    (figure.spec.ends || []).forEach(function (end) { (grids[end.grid || 0] = grids[end.grid || 0] || []).push(end); });
    Object.keys(grids).forEach(function (g) {
      var list = grids[g], at = list.map(function (e) {
        var p = pixel(chart, +g, e.at);
        return [p[0], p[1] + (e.dy || 0)];
      }), gap = list[0].gap || 13;
      var lo = (list[0].lo || 0) + figure.header, ys = gablePlacer.spread(at.map(function (p) { return p[1]; }), gap, lo, figure.footer - 12);
      var anyShifted = ys.some(function (y, i) { return Math.abs(y - at[i][1]) > 2; });
      list.forEach(function (end, i) {
        var shifted = anyShifted && !end.dy, x = at[i][0] + (shifted ? 19 : 7), o = opacityOf(figure, end);
        if (shifted) {
          figure.graphics.push({ type: "polyline", z: 40, silent: true, style: { stroke: paint(figure.theme, end.stroke || "faint"), lineWidth: 1, opacity: o, fill: null },
            shape: { points: [[at[i][0] + 3, at[i][1]], [at[i][0] + 6, at[i][1]], [at[i][0] + 13, ys[i]], [at[i][0] + 16, ys[i]]] } });
        }
        haloed(figure.graphics, x, ys[i], end.text, { fill: paint(figure.theme, end.color), bold: isStrong(figure, end), opacity: o }, figure.theme.paper);
      });
    });
  }

  function pointLabels(echarts, chart, figure, scene) {
    var list = figure.spec.labels || [], byGrid = {};
    list.forEach(function (l) { (byGrid[l.grid || 0] = byGrid[l.grid || 0] || []).push(l); });
    Object.keys(byGrid).forEach(function (g) {
      var rect = chart.getModel().getComponent("grid", +g).coordinateSystem.getRect();
      var labels = byGrid[g].map(function (l) {
        var p = pixel(chart, +g, l.at);
        return { x: p[0], y: p[1], r: l.r || 4, w: textWidth(echarts, l.text, LABEL, isStrong(figure, l)) + 2, h: 13, lean: l.lean || 0, model: l.model };
      });
      var over = figure.spec.labelsOver || 0; /* how far labels may stand right of the plot */
      var placed = gablePlacer.place(labels, { bounds: { x: rect.x + 2, y: rect.y + 1, w: rect.width - 3 + over, h: rect.height - 2 }, discs: scene.discs, segments: scene.segments });
      placed.forEach(function (box, i) {
        var label = byGrid[g][i], o = opacityOf(figure, label), followed = figure.focus && label.model === figure.focus;
        if (!box) return;
        if (box.leader) figure.graphics.push(line(box.leader.x1, box.leader.y1, box.leader.x2, box.leader.y2, figure.theme.faint, o));
        haloed(figure.graphics, box.x + 1, box.y + box.h / 2, label.text,
          { fill: followed ? figure.theme.accent : paint(figure.theme, label.color), bold: isStrong(figure, label), opacity: o }, figure.theme.paper);
      });
    });
  }

  /* Sets the option on a chart of figure.width x figure.height and adds the labels, whose places depend on it. */
  function draw(echarts, chart, figure) {
    var scene;
    chart.setOption(figure.option, true);
    scene = obstacles(chart, figure);
    lineLabels(echarts, chart, figure, scene.segments);
    endLabels(chart, figure);
    pointLabels(echarts, chart, figure, scene);
    chart.setOption({ graphic: { elements: figure.graphics } });
  }

  return { build: build, draw: draw, quantity: quantity, tick: tick };
})();
