import { useNavigate } from "@tanstack/react-router";
import { CornerDownLeft } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { KeyboardEvent } from "react";
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { connection } from "../live/connection.ts";
import { useRowKeys } from "../live/selectors.ts";
import { setPreferences } from "../prefs/preferences.ts";
import { classNames } from "../ui/class-names.ts";
import { useClusterId } from "./cluster-id.ts";
import { rankCommands } from "./command-rank.ts";
import type { Command } from "./command-rank.ts";
import { manuals, places } from "./nav.tsx";

/** Ctrl/Cmd K: every place, topic, group, broker and switch by typing a few letters of it. */
export function Palette({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-[var(--scrim)]" />
        <Radix.Content
          aria-describedby={undefined}
          data-testid="palette"
          className="fixed top-[12vh] left-1/2 z-40 w-[calc(100vw-1.5rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-xl border border-line bg-surface shadow-[var(--shadow-lg)]"
        >
          <Radix.Title className="sr-only">Search and commands</Radix.Title>
          <PaletteBody onClose={onClose} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

const shownMax = 12;

function PaletteBody({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const query = useDeferredValue(text);
  const [active, setActive] = useState(0);
  const listRef = useRef<HTMLUListElement>(null);
  const commands = useCommands();
  const found = useMemo(() => rankCommands(commands, query).slice(0, shownMax), [commands, query]);
  const at = Math.min(active, Math.max(0, found.length - 1));
  useEffect(() => {
    listRef.current?.children[at]?.scrollIntoView({ block: "nearest" });
  }, [at]);
  const run = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setActive(Math.min(found.length - 1, at + 1));
    else if (event.key === "ArrowUp") setActive(Math.max(0, at - 1));
    else if (event.key === "Enter") run(found[at]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        autoFocus
        role="combobox"
        aria-expanded
        aria-controls="palette-list"
        aria-activedescendant={found.length > 0 ? `palette-${at}` : undefined}
        aria-label="Search and commands"
        data-testid="palette-input"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
        placeholder="Topic, group, broker, page or command"
        className="h-12 w-full border-b border-line bg-transparent px-4 text-base text-ink outline-none placeholder:text-ink-3"
      />
      <ul
        id="palette-list"
        ref={listRef}
        role="listbox"
        aria-label="Results"
        className="max-h-[50vh] overflow-y-auto p-1.5"
      >
        {found.map((command, index) => (
          <li
            key={command.id}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === at}
            data-testid="palette-option"
            onMouseMove={() => setActive(index)}
            onClick={() => run(command)}
            className={classNames(
              "flex h-9 cursor-pointer items-center gap-3 rounded-md px-3",
              index === at && "bg-selected",
            )}
          >
            <span className="truncate text-sm text-ink">{command.label}</span>
            <span className="ml-auto text-xs whitespace-nowrap text-ink-3">{command.group}</span>
            {index === at && <CornerDownLeft aria-hidden size={14} className="text-ink-3" />}
          </li>
        ))}
        {found.length === 0 && (
          <li className="px-3 py-6 text-center text-sm text-ink-3">Nothing is called that here.</li>
        )}
      </ul>
    </>
  );
}

function useCommands(): Command[] {
  const id = useClusterId();
  const navigate = useNavigate();
  const topics = useRowKeys("topics");
  const groups = useRowKeys("groups");
  const brokers = useRowKeys("cluster");
  return useMemo(() => {
    const commands: Command[] = places.flatMap(({ items }) =>
      items.map(({ to, label, chord }) => ({
        id: to,
        label,
        group: `g ${chord}`,
        run: () => void navigate({ to, params: { id } }),
      })),
    );
    commands.push(
      {
        id: "settings",
        label: "Settings",
        group: "page",
        run: () => void navigate({ to: "/c/$id/settings", params: { id } }),
      },
      {
        id: "create-topic",
        label: "Create a topic",
        group: "command",
        run: () => void navigate({ to: "/c/$id/topics", params: { id }, search: { create: "1" } }),
      },
      { id: "pause", label: "Pause or resume the view", group: "Space", run: () => connection.togglePause() },
      { id: "theme-light", label: "Theme: light", group: "command", run: () => setPreferences({ theme: "light" }) },
      { id: "theme-dark", label: "Theme: dark", group: "command", run: () => setPreferences({ theme: "dark" }) },
      {
        id: "theme-system",
        label: "Theme: as the system",
        group: "command",
        run: () => setPreferences({ theme: "system" }),
      },
      { id: "zone-utc", label: "Times in UTC", group: "command", run: () => setPreferences({ zone: "UTC" }) },
      {
        id: "zone-local",
        label: "Times in local time",
        group: "command",
        run: () => setPreferences({ zone: "local" }),
      },
    );
    for (const { href, label } of manuals)
      commands.push({ id: href, label, group: "manual", run: () => location.assign(href) });
    for (const key of brokers)
      commands.push({
        id: `broker-${key}`,
        label: `Broker ${key}`,
        group: "broker",
        run: () => void navigate({ to: "/c/$id/brokers", params: { id }, search: { broker: key } }),
      });
    for (const topic of topics)
      commands.push({
        id: `topic-${topic}`,
        label: topic,
        group: "topic",
        run: () => void navigate({ to: "/c/$id/topics/$topic", params: { id, topic } }),
      });
    for (const group of groups)
      commands.push({
        id: `group-${group}`,
        label: group,
        group: "group",
        run: () => void navigate({ to: "/c/$id/groups/$group", params: { id, group } }),
      });
    return commands;
  }, [id, navigate, topics, groups, brokers]);
}
