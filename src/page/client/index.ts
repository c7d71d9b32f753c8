/** The page's client, to be mounted in any place: the front door for those who run in a browser too. */
export { PANEL_STYLE } from '../panel.bundle.js';
export { logo } from './head/header.js';
export { type MountOptions, mountPage } from './mount.js';
export { el, setStyle, setText } from './parts/dom.js';
export { menuOf } from './parts/menu.js';
export { saveFile } from './parts/save-file.js';
export { Slices, type Usage, type Work } from './parts/slices.js';
export type { DetailSource } from './state/detail-source.js';
export { type Memory, type Place, siteMemory, type ThemeName } from './state/place.js';
export { View } from './state/view.js';
