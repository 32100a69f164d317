// AsyncMutex: who finds it locked is suspended, not the thread. Used on one thread; the lock is passed on in order of
// arrival. Must outlive its waiters.
//     const auto lock = co_await ledger.mutex.scoped_lock();
#pragma once

#include <coroutine>
#include <deque>
#include <utility>

#include <tasks/coroutine.hpp>

class AsyncMutex {
public:
    /// `name` is a literal: what `tasks stack` calls the mutex.
    explicit AsyncMutex(const char* name) noexcept : name_(name) {}

    /// What co_await mutex.lock() waits in.
    class Locking {
    public:
        explicit Locking(AsyncMutex& mutex) noexcept : mutex_(&mutex) {}

        bool await_ready() const noexcept { return !std::exchange(mutex_->locked_, true); }
        void await_suspend(std::coroutine_handle<> waiter) const { mutex_->waiters_.push_back(waiter); }
        void await_resume() const noexcept {}

        /// What `tasks` tells of the wait.
        tasks::wait_facts tasks_wait() const noexcept { return {tasks::wait_reason::mutex, mutex_, mutex_->name_}; }

    protected:
        AsyncMutex* mutex_;
    };

    /// Unlocks at the end of a scope.
    class Lock {
    public:
        explicit Lock(AsyncMutex& mutex) noexcept : mutex_(&mutex) {}
        Lock(Lock&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
        Lock& operator=(Lock&&) = delete;
        ~Lock() {
            if (mutex_ != nullptr)
                mutex_->unlock();
        }

    private:
        AsyncMutex* mutex_;
    };

    /// What co_await mutex.scoped_lock() waits in.
    class ScopedLocking : public Locking {
    public:
        using Locking::Locking;
        Lock await_resume() const noexcept { return Lock{*mutex_}; }
    };

    Locking lock() noexcept { return Locking{*this}; }
    ScopedLocking scoped_lock() noexcept { return ScopedLocking{*this}; }

    /// The first who waits goes on within this call.
    void unlock() {
        if (waiters_.empty()) {
            locked_ = false;
            return;
        }
        const auto next = waiters_.front();
        waiters_.pop_front();
        next.resume();
    }

private:
    const char* name_;
    bool locked_ = false;
    std::deque<std::coroutine_handle<>> waiters_;
};
