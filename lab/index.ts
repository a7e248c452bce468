export { type Box, buildBox } from "./box";
export { currentLab, type LabDescription } from "./description";
export { insideLab, insideLabWith } from "./environment";
export type { Say } from "./layout";
export { installPackages } from "./packages";
export { runningLab, startLab } from "./start";
export { removeLab, stopLab } from "./stop";
