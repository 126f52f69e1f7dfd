namespace P2PMiner.P2P.PubSub.Validation;

/// <summary>Bounds how many validators run at once, for one peer and in all. Who finds no place is called when there is one, in order.</summary>
internal sealed class ValidatorSlots(int perPeer, int total, Action<ValidationLane> resume)
{
    private readonly Lock _lock = new();
    private readonly Queue<ValidationLane> _starved = new();
    private int _used;

    /// <summary>False if there is no place; the lane is resumed when there is.</summary>
    internal bool TryEnter(ValidationLane lane)
    {
        lock (_lock)
        {
            if (lane.Validating < perPeer && _used < total)
            {
                lane.Validating++;
                _used++;
                return true;
            }
            lane.IsStarved = true;
            if (lane.Validating < perPeer)
                _starved.Enqueue(lane);
            return false;
        }
    }

    internal void Leave(ValidationLane lane)
    {
        ValidationLane? next;
        bool own;
        lock (_lock)
        {
            lane.Validating--;
            _used--;
            own = lane.IsStarved;
            lane.IsStarved = false;
            if (_starved.TryDequeue(out next))
                next.IsStarved = false;
        }
        if (own)
            resume(lane);
        if (next is not null && next != lane)
            resume(next);
    }
}
