import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { connection } from "./live/connection.ts";
import { applyPreferences } from "./prefs/preferences.ts";
import { queryClient } from "./rest/query-client.ts";
import { router } from "./routes.tsx";
import "./ui/theme.css";

applyPreferences(document.documentElement);
connection.start();

const root = document.getElementById("root");
if (root)
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
