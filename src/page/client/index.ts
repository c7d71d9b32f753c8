/** The page's client, to be mounted in any place: the front door for those who run in a browser too. */
export { PANEL_STYLE } from '../panel.bundle.js';
export type { DetailSource } from './detail-source.js';
export { el, setStyle, setText } from './dom.js';
export { logo } from './header.js';
export { menuOf } from './menu.js';
export { type MountOptions, mountPage } from './mount.js';
export { type Memory, type Place, siteMemory, type ThemeName } from './place.js';
export { saveFile } from './save-file.js';
export { Slices, type Usage, type Work } from './slices.js';
export { View } from './view.js';
