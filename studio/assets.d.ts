/** Style sheets are imported for their effect: esbuild gathers them into main.css. */
declare module "*.css";
