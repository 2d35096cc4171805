//! Guards and permits that own their lock: they borrow nothing, so a task may keep them, and they may go to another one.
#![forbid(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::rc::Rc;
use std::sync::{LockResult, TryLockError, TryLockResult};

use super::semaphore::Permit;
use super::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore};
use crate::hub::must_end;
use crate::owned::{Lend, Owned};

/// A [`MutexGuard`] that owns its mutex: made by [`Mutex::lock_owned`].
#[must_use = "a guard that is dropped unlocks the mutex at once"]
pub struct OwnedMutexGuard<T: ?Sized + 'static>(Owned<Locked<T>>);

/// A [`RwLockReadGuard`] that owns its lock: made by [`RwLock::read_owned`].
#[must_use = "a guard that is dropped unlocks at once"]
pub struct OwnedRwLockReadGuard<T: ?Sized + 'static>(Owned<Read<T>>);

/// A [`RwLockWriteGuard`] that owns its lock: made by [`RwLock::write_owned`].
#[must_use = "a guard that is dropped unlocks at once"]
pub struct OwnedRwLockWriteGuard<T: ?Sized + 'static>(Owned<Written<T>>);

/// A [`Permit`] that owns its semaphore: made by [`Semaphore::acquire_owned`].
#[must_use = "a permit that is dropped is given back at once"]
pub struct OwnedPermit {
    semaphore: Rc<Semaphore>,
    count: usize,
}

struct Locked<T: ?Sized>(PhantomData<T>);
struct Read<T: ?Sized>(PhantomData<T>);
struct Written<T: ?Sized>(PhantomData<T>);

impl<T: ?Sized + 'static> Lend for Locked<T> {
    type Owner = Mutex<T>;
    type Guard<'a> = MutexGuard<'a, T>;
}

impl<T: ?Sized + 'static> Lend for Read<T> {
    type Owner = RwLock<T>;
    type Guard<'a> = RwLockReadGuard<'a, T>;
}

impl<T: ?Sized + 'static> Lend for Written<T> {
    type Owner = RwLock<T>;
    type Guard<'a> = RwLockWriteGuard<'a, T>;
}

impl<T: ?Sized + 'static> Mutex<T> {
    /// As [`lock`](Mutex::lock), with a guard that borrows nothing.
    ///
    /// No greenlet counts as the holder, since the guard may go to another one: a greenlet that locks the mutex again while it keeps
    /// the guard itself waits for ever.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// As [`lock`](Mutex::lock).
    ///
    /// # Examples
    /// ```
    /// use greenhub::spawn;
    /// use greenhub::sync::Mutex;
    /// use std::rc::Rc;
    ///
    /// let account = Rc::new(Mutex::new(1));
    /// let mut guard = account.lock_owned().unwrap();
    /// let task = spawn(move || *guard += 1); // unlocks it when it ends
    /// assert_eq!(*account.lock().unwrap(), 2);
    /// # task.join().unwrap();
    /// ```
    #[track_caller]
    pub fn lock_owned(self: &Rc<Self>) -> LockResult<OwnedMutexGuard<T>> {
        let place = Location::caller();
        let guard =
            Owned::<Locked<T>>::new(self.clone(), |mutex| Some(mutex.lock_at(place).disowned()));
        let guard = must_end(guard);
        self.check(OwnedMutexGuard(guard))
    }

    /// As [`try_lock`](Mutex::try_lock), with a guard that borrows nothing.
    ///
    /// # Errors
    /// As [`try_lock`](Mutex::try_lock).
    pub fn try_lock_owned(self: &Rc<Self>) -> TryLockResult<OwnedMutexGuard<T>> {
        let guard = Owned::<Locked<T>>::new(self.clone(), |mutex| {
            Some(unpoisoned(mutex.try_lock())?.disowned())
        });
        let guard = guard.ok_or(TryLockError::WouldBlock)?;
        Ok(self.check(OwnedMutexGuard(guard))?)
    }
}

impl<T: ?Sized + 'static> RwLock<T> {
    /// As [`read`](RwLock::read), with a guard that borrows nothing.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// As [`read`](RwLock::read).
    #[track_caller]
    pub fn read_owned(self: &Rc<Self>) -> LockResult<OwnedRwLockReadGuard<T>> {
        let place = Location::caller();
        let guard = Owned::<Read<T>>::new(self.clone(), |lock| Some(lock.read_at(place)));
        let guard = must_end(guard);
        self.check(OwnedRwLockReadGuard(guard))
    }

    /// As [`try_read`](RwLock::try_read), with a guard that borrows nothing.
    ///
    /// # Errors
    /// As [`try_read`](RwLock::try_read).
    pub fn try_read_owned(self: &Rc<Self>) -> TryLockResult<OwnedRwLockReadGuard<T>> {
        let guard = Owned::<Read<T>>::new(self.clone(), |lock| unpoisoned(lock.try_read()));
        let guard = guard.ok_or(TryLockError::WouldBlock)?;
        Ok(self.check(OwnedRwLockReadGuard(guard))?)
    }

    /// As [`write`](RwLock::write), with a guard that borrows nothing. No greenlet counts as its holder, as with
    /// [`Mutex::lock_owned`].
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// As [`write`](RwLock::write).
    #[track_caller]
    pub fn write_owned(self: &Rc<Self>) -> LockResult<OwnedRwLockWriteGuard<T>> {
        let place = Location::caller();
        let guard =
            Owned::<Written<T>>::new(self.clone(), |lock| Some(lock.write_at(place).disowned()));
        let guard = must_end(guard);
        self.check(OwnedRwLockWriteGuard(guard))
    }

    /// As [`try_write`](RwLock::try_write), with a guard that borrows nothing.
    ///
    /// # Errors
    /// As [`try_write`](RwLock::try_write).
    pub fn try_write_owned(self: &Rc<Self>) -> TryLockResult<OwnedRwLockWriteGuard<T>> {
        let guard = Owned::<Written<T>>::new(self.clone(), |lock| {
            Some(unpoisoned(lock.try_write())?.disowned())
        });
        let guard = guard.ok_or(TryLockError::WouldBlock)?;
        Ok(self.check(OwnedRwLockWriteGuard(guard))?)
    }
}

impl Semaphore {
    /// As [`acquire`](Semaphore::acquire), with a permit that borrows nothing.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Examples
    /// ```
    /// use greenhub::sync::Semaphore;
    /// use greenhub::{joinall, spawn, yield_now};
    /// use std::rc::Rc;
    ///
    /// let places = Rc::new(Semaphore::new(2));
    /// let tasks: Vec<_> = (0..5)
    ///     .map(|_| {
    ///         let place = places.acquire_owned(); // waits here while two tasks run
    ///         spawn(move || {
    ///             yield_now();
    ///             drop(place);
    ///         })
    ///     })
    ///     .collect();
    /// joinall(&tasks);
    /// ```
    #[track_caller]
    pub fn acquire_owned(self: &Rc<Self>) -> OwnedPermit {
        OwnedPermit::of(self, self.acquire())
    }

    /// As [`acquire_many`](Semaphore::acquire_many), with a permit that borrows nothing.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn acquire_many_owned(self: &Rc<Self>, count: usize) -> OwnedPermit {
        OwnedPermit::of(self, self.acquire_many(count))
    }

    /// As [`try_acquire`](Semaphore::try_acquire), with a permit that borrows nothing.
    pub fn try_acquire_owned(self: &Rc<Self>) -> Option<OwnedPermit> {
        Some(OwnedPermit::of(self, self.try_acquire()?))
    }

    /// As [`try_acquire_many`](Semaphore::try_acquire_many), with a permit that borrows nothing.
    pub fn try_acquire_many_owned(self: &Rc<Self>, count: usize) -> Option<OwnedPermit> {
        Some(OwnedPermit::of(self, self.try_acquire_many(count)?))
    }
}

impl OwnedPermit {
    fn of(semaphore: &Rc<Semaphore>, permit: Permit<'_>) -> OwnedPermit {
        let semaphore = semaphore.clone();
        let count = permit.into_count();
        OwnedPermit { semaphore, count }
    }

    /// As [`Permit::forget`].
    pub fn forget(mut self) {
        self.semaphore.lose(mem::take(&mut self.count));
    }

    /// The semaphore that it is of.
    #[must_use]
    pub fn semaphore(&self) -> &Rc<Semaphore> {
        &self.semaphore
    }
}

impl Drop for OwnedPermit {
    fn drop(&mut self) {
        self.semaphore.put_back(self.count);
    }
}

impl<T: ?Sized + 'static> OwnedMutexGuard<T> {
    /// The mutex that it has locked.
    #[must_use]
    pub fn mutex(this: &OwnedMutexGuard<T>) -> &Rc<Mutex<T>> {
        this.0.owner()
    }
}

impl<T: ?Sized + 'static> OwnedRwLockReadGuard<T> {
    /// The lock that it has locked.
    #[must_use]
    pub fn rwlock(this: &OwnedRwLockReadGuard<T>) -> &Rc<RwLock<T>> {
        this.0.owner()
    }
}

impl<T: ?Sized + 'static> OwnedRwLockWriteGuard<T> {
    /// The lock that it has locked.
    #[must_use]
    pub fn rwlock(this: &OwnedRwLockWriteGuard<T>) -> &Rc<RwLock<T>> {
        this.0.owner()
    }

    /// As [`RwLockWriteGuard::downgrade`].
    pub fn downgrade(this: OwnedRwLockWriteGuard<T>) -> OwnedRwLockReadGuard<T> {
        OwnedRwLockReadGuard(this.0.map(|_, guard| RwLockWriteGuard::downgrade(guard)))
    }
}

/// The guard, poisoned or not.
fn unpoisoned<G>(tried: TryLockResult<G>) -> Option<G> {
    match tried {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

macro_rules! guards {
    ($($Guard:ident)*) => { $(
        impl<T: ?Sized + 'static> Deref for $Guard<T> {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                &self.0
            }
        }

        impl<T: ?Sized + fmt::Debug + 'static> fmt::Debug for $Guard<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<T: ?Sized + fmt::Display + 'static> fmt::Display for $Guard<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
    )* };
}

guards! { OwnedMutexGuard OwnedRwLockReadGuard OwnedRwLockWriteGuard }

impl<T: ?Sized + 'static> DerefMut for OwnedMutexGuard<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: ?Sized + 'static> DerefMut for OwnedRwLockWriteGuard<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl fmt::Debug for OwnedPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}
