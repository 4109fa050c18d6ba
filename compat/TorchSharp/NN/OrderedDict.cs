using System.Collections;

namespace TorchSharp.Utils;

/// <summary>A dictionary that enumerates in the order of insertion and can also be indexed by position.</summary>
public class OrderedDict<TKey, TValue> : IDictionary<TKey, TValue>, IList<(TKey, TValue)>
{
    private readonly Dictionary<TKey, TValue> values_ = [];
    private readonly List<(TKey Key, TValue Value)> list = [];

    public TValue this[TKey key] {
        get => values_[key];
        set {
            if (values_.ContainsKey(key)) list[IndexOfKey(key)] = (key, value);
            else list.Add((key, value));
            values_[key] = value;
        }
    }

    public (TKey, TValue) this[int index] {
        get => list[index];
        set {
            var (key, _) = list[index];
            if (!EqualityComparer<TKey>.Default.Equals(key, value.Item1) && values_.ContainsKey(value.Item1))
                throw new ArgumentException($"The key '{value.Item1}' is already in the dictionary.");
            values_.Remove(key);
            values_[value.Item1] = value.Item2;
            list[index] = value;
        }
    }

    public ICollection<TKey> Keys => list.Select(kv => kv.Key).ToList();
    public ICollection<TValue> Values => list.Select(kv => kv.Value).ToList();
    public int Count => list.Count;
    public bool IsReadOnly => false;

    public IEnumerable<TKey> keys() => list.Select(kv => kv.Key);
    public IEnumerable<TValue> values() => list.Select(kv => kv.Value);
    public IEnumerator<(TKey, TValue)> items() => GetEnumerator();

    public void Add(TKey key, TValue value)
    {
        values_.Add(key, value);
        list.Add((key, value));
    }

    public void Add((TKey, TValue) item) => Add(item.Item1, item.Item2);
    public void Add(KeyValuePair<TKey, TValue> item) => Add(item.Key, item.Value);

    public void Insert(int index, (TKey, TValue) item)
    {
        values_.Add(item.Item1, item.Item2);
        list.Insert(index, item);
    }

    public bool Remove(TKey key)
    {
        if (!values_.Remove(key)) return false;
        list.RemoveAt(IndexOfKey(key));
        return true;
    }

    public bool Remove((TKey, TValue) item) => Contains(item) && Remove(item.Item1);
    public bool Remove(KeyValuePair<TKey, TValue> item) => Contains(item) && Remove(item.Key);

    public void RemoveAt(int index)
    {
        values_.Remove(list[index].Key);
        list.RemoveAt(index);
    }

    public void clear() => Clear();

    public void Clear()
    {
        values_.Clear();
        list.Clear();
    }

    public bool ContainsKey(TKey key) => values_.ContainsKey(key);
    public bool Contains((TKey, TValue) item) => IndexOf(item) >= 0;
    public bool Contains(KeyValuePair<TKey, TValue> item) => IndexOf((item.Key, item.Value)) >= 0;
    public bool TryGetValue(TKey key, out TValue value) => values_.TryGetValue(key, out value);

    public int IndexOf((TKey, TValue) item)
        => values_.TryGetValue(item.Item1, out var value) && Equals(value, item.Item2) ? IndexOfKey(item.Item1) : -1;

    private int IndexOfKey(TKey key) => list.FindIndex(kv => EqualityComparer<TKey>.Default.Equals(kv.Key, key));

    public void CopyTo((TKey, TValue)[] array, int arrayIndex) => list.CopyTo(array, arrayIndex);

    public void CopyTo(KeyValuePair<TKey, TValue>[] array, int arrayIndex)
    {
        foreach (var (key, value) in list) array[arrayIndex++] = new(key, value);
    }

    public IEnumerator<(TKey, TValue)> GetEnumerator() => list.GetEnumerator();

    IEnumerator<KeyValuePair<TKey, TValue>> IEnumerable<KeyValuePair<TKey, TValue>>.GetEnumerator()
        => list.Select(kv => new KeyValuePair<TKey, TValue>(kv.Key, kv.Value)).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
