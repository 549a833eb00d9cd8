import type { FormEvent, ReactNode } from "react";
import { useState } from "react";
import { Button } from "./button.tsx";
import { CommandLine } from "./command-line.tsx";
import { Dialog } from "./dialog.tsx";
import { Field } from "./field.tsx";

interface TypedConfirmDialogProps {
  /** What must be typed, and what that is: "topic". */
  name: string;
  noun: string;
  title: string;
  description: string;
  /** Words of the button. */
  confirm: string;
  /** Why it is not possible yet, whatever is typed. */
  blocked?: string | null;
  act: { readonly isPending: boolean; mutate: () => void };
  /** The same with curl. */
  command: string;
  /** Ids are `<testId>-dialog`, `-typed` and `-confirm`. */
  testId: string;
  /** The name has the focus, unless other fields come before it. */
  autoFocus?: boolean;
  children?: ReactNode;
  onClose: () => void;
}

/** For what cannot be undone: the name of the thing is typed before the button works. */
export function TypedConfirmDialog(props: TypedConfirmDialogProps) {
  const { name, noun, title, description, confirm, blocked = null, act, command, testId, children, onClose } = props;
  const [typed, setTyped] = useState("");
  const formId = `${testId}-form`;
  const reason =
    blocked ??
    (typed !== name ? `Type the name of the ${noun} first.` : act.isPending ? "The deletion is under way." : null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (reason === null) act.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      description={description}
      testId={`${testId}-dialog`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="danger" type="submit" form={formId} disabledReason={reason} data-testid={`${testId}-confirm`}>
            {confirm}
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} className="flex flex-col gap-4">
        {children}
        <Field label={`Type ${name} to confirm`}>
          {(aria) => (
            <input
              {...aria}
              autoFocus={props.autoFocus ?? true}
              autoComplete="off"
              spellCheck={false}
              className="field"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
              data-testid={`${testId}-typed`}
            />
          )}
        </Field>
        <CommandLine command={command} />
      </form>
    </Dialog>
  );
}
