import type { ConfigEntry } from "@vitrine/api";
import { useQuery } from "@tanstack/react-query";
import { Pencil, RotateCcw, Settings2 } from "lucide-react";
import { useMemo, useState } from "react";
import { plural } from "../../format/numbers.ts";
import { readableSetting } from "../../format/settings.ts";
import { curl } from "../../rest/curl.ts";
import { http } from "../../rest/http.ts";
import { explain } from "../../rest/problem-error.ts";
import { Button } from "../../ui/button.tsx";
import { DataTable } from "../../ui/data-table.tsx";
import type { Column } from "../../ui/data-table.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { FilterBar, FilterSearch, FilterSwitch } from "../../ui/filter-bar.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Tag } from "../../ui/status.tsx";
import { useViewState } from "../../url/use-search.ts";
import { EditConfigDialog } from "./edit-config-dialog.tsx";

/** Every setting of the topic with its value, where it comes from and what it does. */
export function ConfigTab({ topic }: { topic: string }) {
  const [search, change] = useViewState();
  const [editing, setEditing] = useState<{ entry: ConfigEntry; reset: boolean } | null>(null);
  const config = useQuery({
    queryKey: ["topic", topic, "config"],
    queryFn: () => http.topicConfig(topic),
  });
  const text = (search["setting"] ?? "").toLowerCase();
  const own = search["own"] === "1";
  const shown = useMemo(
    () =>
      (config.data?.data ?? []).filter(
        (entry) =>
          (!own || entry.source === "topic") &&
          (text === "" || entry.name.includes(text) || (entry.doc ?? "").toLowerCase().includes(text)),
      ),
    [config.data, text, own],
  );
  const byName = useMemo(() => new Map(shown.map((entry) => [entry.name, entry])), [shown]);
  const keys = useMemo(() => [...byName.keys()], [byName]);
  const useEntry = useMemo(() => (name: string) => byName.get(name), [byName]);
  const columns = useMemo(() => columnsFor(setEditing), []);
  if (config.isError)
    return (
      <Panel>
        <EmptyState
          icon={Settings2}
          title={explain(config.error).title}
          command={curl({ method: "GET", path: `/topics/${topic}/config` })}
          action={<Button onClick={() => void config.refetch()}>Try again</Button>}
        >
          {explain(config.error).text}
        </EmptyState>
      </Panel>
    );
  return (
    <div className="flex flex-col gap-3">
      <FilterBar>
        <FilterSearch
          label="Setting contains"
          placeholder="Setting or what it does"
          value={search["setting"] ?? ""}
          onChange={(setting) => change({ setting })}
          testId="config-search"
        />
        <FilterSwitch
          label="Set on this topic only"
          value={own}
          onChange={(only) => change({ own: only ? "1" : undefined })}
          testId="config-own"
        />
        <span className="text-xs text-ink-3">{plural(keys.length, "setting")}</span>
      </FilterBar>
      <Panel flush>
        <DataTable
          label={`Settings of ${topic}`}
          testId="config-table"
          columns={columns}
          keys={keys}
          useRow={useEntry}
          rowTestId={(name) => `config-${name}`}
          empty={
            config.isPending
              ? "Reading the settings."
              : own
                ? "Nothing is set on this topic: every value is a default."
                : "No setting is called that."
          }
        />
      </Panel>
      {editing && (
        <EditConfigDialog topic={topic} entry={editing.entry} reset={editing.reset} onClose={() => setEditing(null)} />
      )}
    </div>
  );
}

function columnsFor(edit: (editing: { entry: ConfigEntry; reset: boolean }) => void): readonly Column<ConfigEntry>[] {
  return [
    {
      id: "name",
      header: "Setting",
      min: 150,
      grow: 1,
      cell: (entry) => <span className={`mono ${entry.source === "topic" ? "font-semibold" : ""}`}>{entry.name}</span>,
    },
    {
      id: "value",
      header: "Value",
      min: 80,
      grow: 1,
      cell: (entry) => (
        <span title={entry.value ?? ""}>
          <span className="mono" data-testid={`config-${entry.name}-value`}>
            {entry.sensitive ? (
              "hidden"
            ) : entry.value === null || entry.value === "" ? (
              <span className="text-ink-3">none</span>
            ) : (
              entry.value
            )}
          </span>
          <span className="ml-2 text-xs text-ink-3">
            {entry.value === null ? "" : readableSetting(entry.name, entry.value)}
          </span>
        </span>
      ),
    },
    {
      id: "source",
      header: "From",
      min: 70,
      priority: 2,
      cell: (entry) => (
        <Tag tone={entry.source === "topic" ? "accent" : "quiet"} testId={`config-${entry.name}-source`}>
          {entry.source}
        </Tag>
      ),
    },
    {
      id: "doc",
      header: "What it does",
      min: 160,
      grow: 2,
      priority: 3,
      cell: (entry) => (
        <span className="text-ink-2" title={entry.doc ?? ""}>
          {entry.doc ?? ""}
        </span>
      ),
    },
    {
      id: "edit",
      header: <span className="sr-only">Change</span>,
      min: 56,
      align: "end",
      cell: (entry) => (
        <span className="inline-flex gap-1">
          <Button
            tone="ghost"
            size="small"
            aria-label={`Change ${entry.name}`}
            icon={<Pencil aria-hidden size={13} />}
            disabledReason={entry.read_only ? "This setting cannot be changed." : null}
            onClick={() => edit({ entry, reset: false })}
            data-testid={`config-${entry.name}-edit`}
          />
          {entry.source === "topic" && (
            <Button
              tone="ghost"
              size="small"
              aria-label={`Take ${entry.name} back to its default`}
              icon={<RotateCcw aria-hidden size={13} />}
              onClick={() => edit({ entry, reset: true })}
              data-testid={`config-${entry.name}-reset`}
            />
          )}
        </span>
      ),
    },
  ];
}
