import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/**
 * One page, files with hashed names, nothing inlined: the gateway's CSP is `default-src 'self'`.
 * recharts is reached only by a dynamic import, so it becomes a chunk of its own.
 */
export default defineConfig({
  plugins: [react(), tailwindcss()],
  build: {
    target: "es2023",
    outDir: "dist",
    assetsDir: "assets",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    reportCompressedSize: true,
  },
  server: { proxy: { "/v1": { target: process.env["VITRINE_GATEWAY"] ?? "http://127.0.0.1:8080", ws: true } } },
});
