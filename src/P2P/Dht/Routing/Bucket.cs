using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Routing;

/// <summary>
/// Contacts of one distance, the least recently seen first, and those that wait for a place, the newest last
/// (Maymounkov and Mazières, "Kademlia", sections 2.2 and 4.1).
/// </summary>
internal sealed class Bucket(int capacity)
{
    private readonly List<Contact> _contacts = [];
    private readonly List<Contact> _replacements = [];

    internal IReadOnlyList<Contact> Contacts => _contacts;

    internal IReadOnlyList<Contact> Replacements => _replacements;

    internal bool IsFull => _contacts.Count >= capacity;

    internal Contact? Find(PeerId peer) => _contacts.Find(contact => contact.Peer.Equals(peer));

    /// <summary>Puts a contact to its place in the order of when they were last seen, instead of what was known of it.</summary>
    internal void Put(Contact contact)
    {
        _contacts.RemoveAll(known => known.Peer.Equals(contact.Peer));
        _replacements.RemoveAll(known => known.Peer.Equals(contact.Peer));
        int place = _contacts.Count;
        while (place > 0 && _contacts[place - 1].LastSeen > contact.LastSeen)
            place--;
        _contacts.Insert(place, contact);
    }

    /// <summary>Counts a failure without changing the place.</summary>
    internal void Replace(Contact old, Contact changed) => _contacts[_contacts.IndexOf(old)] = changed;

    /// <summary>Lets a contact wait; the one that waits longest gives way when as many wait as have places.</summary>
    internal void Queue(Contact contact)
    {
        _replacements.RemoveAll(known => known.Peer.Equals(contact.Peer));
        if (_replacements.Count >= capacity)
            _replacements.RemoveAt(0);
        _replacements.Add(contact);
    }

    /// <summary>Takes a peer out of both lists; gives back the contact if it had a place.</summary>
    internal Contact? Remove(PeerId peer)
    {
        _replacements.RemoveAll(known => known.Peer.Equals(peer));
        Contact? contact = Find(peer);
        if (contact is not null)
            _contacts.Remove(contact);
        return contact;
    }
}
