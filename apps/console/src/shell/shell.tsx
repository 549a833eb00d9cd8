import { Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { Dialog as Radix, Tooltip } from "radix-ui";
import { Suspense, useCallback, useEffect, useRef, useState } from "react";
import { toast, Toaster } from "sonner";
import { useClusterInfo, useLiveView } from "../live/selectors.ts";
import { usePreference } from "../prefs/preferences.ts";
import { Announcer } from "./announcer.tsx";
import { useClusterId } from "./cluster-id.ts";
import { ConnectionBanner } from "./connection-banner.tsx";
import { Nav } from "./nav.tsx";
import { Palette } from "./palette.tsx";
import { useShortcuts } from "./shortcuts.ts";
import { TopBar } from "./top-bar.tsx";

/** The frame around every page. It holds the subscriptions that the whole console needs: cluster, topics, groups and events. */
export function Shell() {
  useLiveView("cluster");
  useLiveView("topics");
  useLiveView("groups");
  useLiveView("events");
  const [paletteOpen, setPaletteOpen] = useState(false);
  const [menuOpen, setMenuOpen] = useState(false);
  const openPalette = useCallback(() => setPaletteOpen(true), []);
  const theme = usePreference("theme");
  useShortcuts({ openPalette });
  const mainRef = useFocusOnNavigation();
  useRightCluster();

  return (
    <Tooltip.Provider>
      <a
        href="#main"
        className="fixed top-1 left-1 z-50 -translate-y-16 rounded-md bg-accent px-3 py-1.5 text-sm font-medium text-accent-ink focus:translate-y-0"
      >
        Skip to the content
      </a>
      <TopBar onMenu={() => setMenuOpen(true)} onPalette={openPalette} />
      <div className="flex">
        <aside className="sticky top-12 hidden h-[calc(100dvh-3rem)] w-48 shrink-0 border-r border-line bg-surface lg:block">
          <Nav />
        </aside>
        <main id="main" ref={mainRef} tabIndex={-1} className="min-w-0 flex-1 outline-none">
          <ConnectionBanner />
          <div className="mx-auto w-full max-w-[1680px] px-3 py-4 sm:px-5">
            <Suspense fallback={null}>
              <Outlet />
            </Suspense>
          </div>
        </main>
      </div>
      <Radix.Root open={menuOpen} onOpenChange={setMenuOpen}>
        <Radix.Portal>
          <Radix.Overlay className="fixed inset-0 z-40 bg-[var(--scrim)]" />
          <Radix.Content
            aria-describedby={undefined}
            className="fixed inset-y-0 left-0 z-40 w-60 border-r border-line bg-surface shadow-[var(--shadow-lg)]"
          >
            <Radix.Title className="sr-only">Navigation</Radix.Title>
            <Nav onNavigate={() => setMenuOpen(false)} />
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
      <Palette open={paletteOpen} onClose={() => setPaletteOpen(false)} />
      <Announcer />
      <Toaster theme={theme} position="bottom-right" closeButton toastOptions={{ className: "vitrine-toast" }} />
    </Tooltip.Provider>
  );
}

/** An URL that names another cluster (an older data directory, a mistyped id) is corrected, and says so. */
function useRightCluster(): void {
  const id = useClusterId();
  const real = useClusterInfo()?.cluster_id;
  const navigate = useNavigate();
  useEffect(() => {
    if (real === undefined || real === id) return;
    toast.info(`This gateway serves cluster ${real}`, {
      description: `The address named ${id}, which is not served here.`,
    });
    void navigate({ to: ".", params: { id: real }, search: true, replace: true });
  }, [real, id, navigate]);
}

/** A new page starts at its top with the focus on its content, as a page load would do. */
function useFocusOnNavigation() {
  const ref = useRef<HTMLElement>(null);
  const path = useLocation({ select: (location) => location.pathname });
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    ref.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [path]);
  return ref;
}
