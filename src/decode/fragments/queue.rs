//! Things known by the key of a packet, and in the order in which they came.

use std::collections::{HashMap, VecDeque};

use foldhash::quality::RandomState;

use super::super::Key;

/// Places in the order whose things are gone that are left: few enough, and it is seldom gone through.
const SLACK: usize = 1024;

/// At most one thing a key. One that is put in the place of another comes last.
pub struct Queue<T> {
    known: HashMap<Key, Numbered<T>, RandomState>,
    /// The number tells what came later under the same key apart: places of what is gone stay for a while.
    order: VecDeque<(Key, u64)>,
    next: u64,
}

struct Numbered<T> {
    number: u64,
    thing: T,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Queue { known: HashMap::default(), order: VecDeque::new(), next: 0 }
    }
}

impl<T> Queue<T> {
    /// There is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// What is known by a key.
    pub fn get(&self, key: &Key) -> Option<&T> {
        self.known.get(key).map(|known| &known.thing)
    }

    /// What is known by a key, made and put last if there is nothing.
    pub fn get_or_insert(&mut self, key: &Key, make: impl FnOnce() -> T) -> &mut T {
        let number = if self.known.contains_key(key) { 0 } else { self.place(key) };
        let known = self.known.entry(key.clone()).or_insert_with(|| Numbered { number, thing: make() });
        &mut known.thing
    }

    /// Puts a thing last; what the key stood for before goes.
    pub fn insert(&mut self, key: Key, thing: T) -> Option<T> {
        let number = self.place(&key);
        self.known.insert(key, Numbered { number, thing }).map(|before| before.thing)
    }

    /// Takes out what is known by a key.
    pub fn remove(&mut self, key: &Key) -> Option<T> {
        self.known.remove(key).map(|known| known.thing)
    }

    /// What came first of all that is there.
    pub fn first(&mut self) -> Option<&T> {
        while let Some(place) = self.order.front()
            && !self.stands(place)
        {
            self.order.pop_front();
        }
        let (key, _) = self.order.front()?;
        self.get(key)
    }

    /// Takes it out.
    pub fn pop_first(&mut self) -> Option<(Key, T)> {
        self.first()?;
        let (key, _) = self.order.pop_front()?;
        let thing = self.remove(&key)?;
        Some((key, thing))
    }

    /// Everything, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &T)> {
        self.order.iter().filter(|place| self.stands(place)).filter_map(|(key, _)| Some((key, self.get(key)?)))
    }

    /// A place behind all others; its number.
    fn place(&mut self, key: &Key) -> u64 {
        if self.order.len() > SLACK + 2 * self.known.len() {
            let Queue { known, order, .. } = self;
            order.retain(|(key, number)| known.get(key).is_some_and(|known| known.number == *number));
        }
        self.next += 1;
        self.order.push_back((key.clone(), self.next));
        self.next
    }

    /// What the place was given to is there.
    fn stands(&self, (key, number): &(Key, u64)) -> bool {
        self.known.get(key).is_some_and(|known| known.number == *number)
    }
}
