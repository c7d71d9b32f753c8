/** Nobody can scrape a browser: `exporter` refuses it before anything is asked for here. */
export const SERVES_METRICS: boolean = false;

const refuse = (): Promise<never> => Promise.reject(new Error('exporter: expected otlp or console in a browser'));

export const importPrometheus = refuse;
export const prometheusRoad = refuse;
