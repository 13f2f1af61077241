/** The model's folder: what `npm run dev`, `npm run generate` and the tests serve. In production, ML_API_URL says who serves it. */
export const model = new URL('../model', import.meta.url);
