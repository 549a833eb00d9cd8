import { useNavigate } from "@tanstack/react-router";
import { curl } from "../../rest/curl.ts";
import { http } from "../../rest/http.ts";
import { useAct } from "../../rest/use-act.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { TypedConfirmDialog } from "../../ui/typed-confirm-dialog.tsx";

/** Gone is gone. `what`: what goes with the topic, in words. */
export function DeleteTopicDialog({ topic, what, onClose }: { topic: string; what: string; onClose: () => void }) {
  const id = useClusterId();
  const navigate = useNavigate();
  const act = useAct({
    refresh: ["topic", topic],
    act: () => http.deleteTopic(topic),
    done: () => `Topic ${topic} was deleted`,
    onDone: () => void navigate({ to: "/c/$id/topics", params: { id } }),
  });
  return (
    <TypedConfirmDialog
      name={topic}
      noun="topic"
      title={`Delete ${topic}`}
      description={`${what} will be gone from every broker. There is no way back.`}
      confirm="Delete the topic"
      act={act}
      command={curl({ method: "DELETE", path: `/topics/${topic}` })}
      testId="delete-topic"
      onClose={onClose}
    />
  );
}
