/* What the tests ask of the report's own scripts and drawings; each answers "" or what is wrong. */

/* {n, seed}: labels of n random points must not cover each other, and most must find a place. */
function checkPlacer(json) {
  var wish = JSON.parse(json), seed = wish.seed, labels = [], placed, i, j, a, b, missing = 0;
  function random() {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed / 2147483648;
  }
  for (i = 0; i < wish.n; i++) labels.push({ x: 20 + 560 * random(), y: 20 + 360 * random(), r: 4, w: 40 + 60 * random(), h: 13 });
  placed = gablePlacer.place(labels, { bounds: { x: 0, y: 0, w: 600, h: 400 }, segments: [],
    discs: labels.map(function (l) { return { x: l.x, y: l.y, r: l.r }; }) });
  for (i = 0; i < wish.n; i++) {
    a = placed[i];
    if (!a) {
      missing++;
      continue;
    }
    if (a.x < 0 || a.y < 0 || a.x + a.w > 600 || a.y + a.h > 400) return "label " + i + " leaves the plot";
    for (j = 0; j < i; j++) {
      b = placed[j];
      if (b && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h) return "labels " + j + " and " + i + " overlap";
    }
  }
  return missing > wish.n / 10 ? missing + " of " + wish.n + " labels found no place" : "";
}

/* [wanted positions]: spread ones keep their order, 10 apart, inside 0..300. */
function checkSpread(json) {
  var wanted = JSON.parse(json), out = gablePlacer.spread(wanted, 10, 0, 300), i, j;
  for (i = 0; i < out.length; i++) {
    if (out[i] < -1e-9 || out[i] > 300 + 1e-9) return "position " + out[i] + " is outside";
    for (j = 0; j < i; j++) {
      if (Math.abs(out[i] - out[j]) < 10 - 1e-6) return "positions " + i + " and " + j + " are too near";
      if (wanted[i] < wanted[j] !== out[i] < out[j] && wanted[i] !== wanted[j]) return "order changed";
    }
  }
  return "";
}

/* [[value, unit], ...] -> the texts, one a line. */
function quantities(json) {
  return JSON.parse(json).map(function (q) { return gableFigure.quantity(q[0], q[1]).replace(/\u00a0/g, " "); }).join("\n");
}

/* {svg, colours}: every colour is one of the theme's, and every text lies inside the viewBox. */
function checkSvg(json) {
  var wish = JSON.parse(json), box = /viewBox="([-\d.]+) ([-\d.]+) ([-\d.]+) ([-\d.]+)"/.exec(wish.svg).slice(1).map(Number), m, text, at, size, w, x;
  var colour = /(?:fill|stroke|color)[=:]"?((?:#|rgb)[^";]*)/g, texts = /<text ([^>]*)>([^<]*)<\/text>/g;
  while ((m = colour.exec(wish.svg)))
    if (wish.colours.indexOf(m[1]) < 0) return "the colour " + m[1] + " is not in the theme";
  while ((m = texts.exec(wish.svg))) {
    text = m[2].replace(/&(amp|lt|gt|quot|#39);/g, "x");
    at = /translate\(([-\d.]+) ([-\d.]+)\)/.exec(m[1]);
    if (!at || /rotate|matrix/.test(m[1])) continue;
    size = +(/([\d.]+)px/.exec(m[1]) || [0, 12])[1];
    w = measureWidth(text, size, /bold/.test(m[1]));
    x = +at[1] - (/anchor="end"/.test(m[1]) ? w : /anchor="middle"/.test(m[1]) ? w / 2 : 0);
    if (x < box[0] - 1 || x + w > box[0] + box[2] + 1 || +at[2] - size / 2 < box[1] - 1 || +at[2] + size / 2 > box[1] + box[3] + 1)
      return "\"" + text + "\" leaves the drawing: " + x.toFixed(1) + " to " + (x + w).toFixed(1) + " of " + box;
  }
  return "";
}
