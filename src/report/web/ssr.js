/* Host side of the written figures, in Duktape. measureWidth(text, size, bold) is given by render.c. */
echarts.setPlatformAPI({
  measureText: function (text, font) {
    var size = /([\d.]+)px/.exec(font || "");
    size = size ? parseFloat(size[1]) : 12;
    if (text === "\u56fd") return { width: size }; /* zrender asks for the line height this way */
    return { width: measureWidth(text, size, /bold|[6-9]00/.test(font || "")) };
  }
});

function gableRender(specText, themeText, width) {
  var figure = gableFigure.build(echarts, JSON.parse(specText), JSON.parse(themeText), width, true, null), chart, svg;
  figure.option.tooltip = { show: false };
  chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: width, height: figure.height });
  gableFigure.draw(echarts, chart, figure);
  svg = chart.renderToSVGString();
  chart.dispose();
  return { svg: svg, header: figure.header, footer: figure.footer, height: figure.height };
}
