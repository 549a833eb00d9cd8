/** Metadata of the cluster: the image that every node keeps, and the controller that decides what it becomes. Pure. */
export * from "./apply.ts";
export * from "./broker-configs.ts";
export * from "./controller-settings.ts";
export * from "./controller-types.ts";
export * from "./controller.ts";
export * from "./delta.ts";
export * from "./describe-configs.ts";
export { diffImages, sameCluster } from "./diff.ts";
export * from "./effective-configs.ts";
export * from "./features.ts";
export * from "./image.ts";
export * from "./loader.ts";
export * from "./placement.ts";
export * from "./preview.ts";
export * from "./records.ts";
export * from "./snapshot.ts";
export * from "./topic-configs.ts";
