import { useState } from "react";
import { useClusterInfo } from "../../live/selectors.ts";
import { clusterColours, isTimeZone, setPreferences, usePreference } from "../../prefs/preferences.ts";
import type { Density, Theme } from "../../prefs/preferences.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { Page } from "../../shell/page.tsx";
import { shortcutList } from "../../shell/shortcuts.ts";
import { Field } from "../../ui/field.tsx";
import { Panel } from "../../ui/panel.tsx";

/** What one person prefers in this browser, the shortcuts, and what this is. */
export function SettingsPage() {
  const theme = usePreference("theme");
  const density = usePreference("density");
  const shortcuts = usePreference("shortcuts");
  const colour = usePreference("colour");
  const info = useClusterInfo();
  const id = useClusterId();
  return (
    <Page
      title="Settings"
      documentTitle="Settings"
      meta="Kept in this browser. Nothing secret is stored: the session is a cookie that scripts cannot read."
    >
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Panel title="Appearance">
          <div className="flex flex-col gap-4">
            <Choice<Theme>
              label="Theme"
              name="theme"
              value={theme}
              options={[
                ["system", "As the system"],
                ["light", "Light"],
                ["dark", "Dark"],
              ]}
              onChange={(next) => setPreferences({ theme: next })}
            />
            <Choice<Density>
              label="Density of tables"
              name="density"
              value={density}
              options={[
                ["compact", "Compact, 28 px"],
                ["comfortable", "Comfortable, 36 px"],
              ]}
              onChange={(next) => setPreferences({ density: next })}
            />
            <Choice<string>
              label="Colour tag of this cluster"
              name="colour"
              value={String(colour)}
              options={clusterColours.map(
                ({ name, token }, at) =>
                  [
                    String(at),
                    <span key={name} className="inline-flex items-center gap-1.5">
                      <span aria-hidden className="size-2.5 rounded-full" style={{ background: token }} />
                      {name}
                    </span>,
                  ] as const,
              )}
              onChange={(next) => setPreferences({ colour: Number(next) })}
            />
          </div>
        </Panel>
        <Panel title="Times">
          <ZoneField />
        </Panel>
        <Panel title="Keyboard">
          <label className="flex min-h-6 items-center gap-2 text-sm">
            <input
              type="checkbox"
              className="size-4 accent-(--accent)"
              checked={shortcuts}
              onChange={(event) => setPreferences({ shortcuts: event.target.checked })}
              data-testid="setting-shortcuts"
            />
            Shortcuts of a single key
          </label>
          <table className="mt-3 w-full text-sm">
            <caption className="sr-only">Shortcuts</caption>
            <tbody>
              {shortcutList.map(({ keys, does }) => (
                <tr key={keys} className="border-t border-line">
                  <th scope="row" className="w-40 py-1 text-left font-normal">
                    <kbd className="mono rounded border border-line bg-ground px-1.5 py-0.5 text-xs">{keys}</kbd>
                  </th>
                  <td className="py-1 text-ink-2">{does}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Panel>
        <Panel title="About">
          <dl className="grid grid-cols-[7rem_1fr] gap-x-3 gap-y-1.5 text-sm">
            <dt className="text-ink-3">Vitrine</dt>
            <dd>{info?.version ?? "\u2013"}</dd>
            <dt className="text-ink-3">Cluster</dt>
            <dd className="mono break-all">{id}</dd>
            <dt className="text-ink-3">Manual</dt>
            <dd>
              <a className="link" href="/docs">
                /docs
              </a>
              ,{" "}
              <a className="link" href="/docs/api">
                /docs/api
              </a>
            </dd>
          </dl>
          <p className="mt-4 border-t border-line pt-3 text-sm text-ink-2">
            Accessibility: the console aims at WCAG 2.2 AA. Status is never told by colour alone, everything is reached
            by keyboard, motion follows the system&rsquo;s setting, the view can be paused, and elections are announced
            at most every five seconds.
          </p>
        </Panel>
      </div>
    </Page>
  );
}

function Choice<T extends string>({
  label,
  name,
  value,
  options,
  onChange,
}: {
  label: string;
  name: string;
  value: T;
  options: readonly (readonly [T, React.ReactNode])[];
  onChange: (value: T) => void;
}) {
  return (
    <fieldset>
      <legend className="mb-1 text-xs font-medium text-ink-2">{label}</legend>
      <div className="flex flex-wrap gap-1.5">
        {options.map(([option, text]) => (
          <label
            key={option}
            className="inline-flex h-8 cursor-pointer items-center gap-2 rounded-md border border-line-strong px-2.5 text-sm has-checked:border-accent has-checked:bg-accent-soft has-focus-visible:outline-2 has-focus-visible:outline-accent"
          >
            <input
              type="radio"
              name={name}
              value={option}
              checked={value === option}
              onChange={() => onChange(option)}
              className="accent-(--accent)"
              data-testid={`setting-${name}-${option}`}
            />
            {text}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function ZoneField() {
  const zone = usePreference("zone");
  const [text, setText] = useState<string>(zone);
  const known = text === zone || isTimeZone(text);
  return (
    <Field
      label="Time zone"
      help="local, UTC, or a name such as Europe/Berlin"
      error={known ? null : "The browser knows no zone of this name."}
    >
      {(aria) => (
        <input
          {...aria}
          list="zones"
          className="field max-w-72"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            if (isTimeZone(event.target.value)) setPreferences({ zone: event.target.value });
          }}
          data-testid="setting-zone"
        />
      )}
    </Field>
  );
}
