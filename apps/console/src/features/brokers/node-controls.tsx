import type { NodeFields } from "@vitrine/api";
import { useClusterInfo } from "../../live/selectors.ts";
import { processKind } from "../../rest/processes.ts";
import { Button } from "../../ui/button.tsx";
import { classNames } from "../../ui/class-names.ts";
import type { ProcessAct } from "./process-dialog.tsx";
import { verbLooks, verbsShown, whyNot } from "./verbs.ts";

/** The buttons that act on a node's process; each opens the dialog with its preflight. Test ids are `NAME-VERB`. */
export function NodeControls({
  node,
  name,
  onAct,
  className,
}: {
  node: NodeFields;
  name: string;
  onAct: (act: ProcessAct) => void;
  className?: string;
}) {
  const processControl = useClusterInfo()?.process_control ?? false;
  const noun = processKind(node);
  return (
    <div className={classNames("flex flex-wrap gap-1.5", className)}>
      {verbsShown(node.state).map((verb) => {
        const { label, icon: Icon } = verbLooks[verb];
        return (
          <Button
            key={verb}
            size="small"
            data-testid={`${name}-${verb}`}
            aria-label={`${label} ${noun} ${node.id}`}
            icon={<Icon aria-hidden size={13} className={verb === "kill" ? "text-bad" : ""} />}
            disabledReason={whyNot(verb, { state: node.state, processControl })}
            onClick={() => onAct({ node, verb })}
          >
            {label}
          </Button>
        );
      })}
    </div>
  );
}
