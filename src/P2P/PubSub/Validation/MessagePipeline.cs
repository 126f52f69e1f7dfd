using Microsoft.Extensions.Logging;
using P2PMiner.P2P.PubSub.Local;
using P2PMiner.P2P.PubSub.Peers;

namespace P2PMiner.P2P.PubSub.Validation;

/// <summary>
/// Takes verified batches to the end: their admission under the router's lock, then validators and handlers outside of it.
/// </summary>
internal sealed class MessagePipeline(
    Lock gate, MessageVerdicts verdicts, Outbox outbox, LocalTopics local, ValidatorSlots slots, ILogger logger, Action<Exception> fail, CancellationToken stopping)
{
    /// <summary>Judges a batch as far as there are places for its validators.</summary>
    /// <returns>False if it must be called again when there are.</returns>
    internal bool Commit(ValidationLane lane, ValidationLane.Batch batch)
    {
        if (!batch.IsAdmitted)
            Admit(batch);
        for (; batch.Next < batch.Messages.Length; batch.Next++)
        {
            PendingMessage pending = batch.Messages[batch.Next];
            if (pending.Delivery is not { } delivery || stopping.IsCancellationRequested)
                continue;
            if (pending.Validator is null)
                local.Deliver(delivery);
            else if (slots.TryEnter(lane))
                Validate(lane, pending, pending.Validator, delivery);
            else
                return false;
        }
        return true;
    }

    private void Admit(ValidationLane.Batch batch)
    {
        lock (gate)
        {
            foreach (PendingMessage pending in batch.Messages)
                verdicts.Admit(pending);
            outbox.Flush();
        }
        batch.IsAdmitted = true;
    }

    private void Validate(ValidationLane lane, PendingMessage pending, MessageValidator validator, PubSubMessage delivery)
    {
        ValueTask<Verdict> verdict = RunAsync(validator, delivery);
        if (verdict.IsCompleted)
            Conclude(lane, pending, delivery, verdict.GetAwaiter().GetResult());
        else
            _ = ConcludeAsync(lane, pending, delivery, verdict);
    }

    private async Task ConcludeAsync(ValidationLane lane, PendingMessage pending, PubSubMessage delivery, ValueTask<Verdict> verdict)
    {
        try
        {
            Conclude(lane, pending, delivery, await verdict.ConfigureAwait(false));
        }
        catch (Exception e)
        {
            fail(e);
        }
    }

    private async ValueTask<Verdict> RunAsync(MessageValidator validator, PubSubMessage delivery)
    {
        try
        {
            return await validator(delivery, stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return Verdict.Ignore;
        }
        catch (Exception e)
        {
            PubSubLog.ValidatorFailed(logger, delivery.Topic, e);
            return Verdict.Ignore;
        }
    }

    private void Conclude(ValidationLane lane, PendingMessage pending, PubSubMessage delivery, Verdict verdict)
    {
        lock (gate)
        {
            verdicts.Conclude(pending, verdict);
            outbox.Flush();
        }
        slots.Leave(lane);
        if (verdict == Verdict.Accept && !stopping.IsCancellationRequested)
            local.Deliver(delivery);
    }
}
