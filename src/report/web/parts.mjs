/* The parts of ECharts that the figures use: esbuild makes one script of them. */
import { use } from "echarts/core";
import { BarChart, HeatmapChart, LineChart, LinesChart, PieChart, ScatterChart } from "echarts/charts";
import { GraphicComponent, GridComponent, TooltipComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, HeatmapChart, LineChart, LinesChart, PieChart, ScatterChart, GraphicComponent, GridComponent, TooltipComponent, SVGRenderer]);
export { format, init, setPlatformAPI } from "echarts/core";
