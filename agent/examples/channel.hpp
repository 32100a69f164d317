// A channel as Go has it: unbuffered, a send ends when somebody receives; with room for N values, when it fits.
// An example of how to tell `tasks` what a primitive of one's own waits for: each blocking call holds a tasks::Wait,
// and who may send holds a tasks::WaitHandle. Any thread; must outlive the threads that use it, so share it. No select,
// no fairness.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include <tasks/wait.hpp>
#include <tasks/wait_object.hpp>

template <class T> class Channel {
public:
    using Place = tasks::SourcePlace;

    /// `name` is a literal: what `tasks stack` calls the channel. `capacity` 0: unbuffered.
    explicit Channel(const char* name, std::size_t capacity = 0)
        : name_(name), capacity_(capacity), waits_(this, name) {}

    /// For whoever is to send, as long as that may be. Where all such have gone, and somebody still receives, `tasks
    /// leaks` tells that nobody ever will send.
    tasks::WaitHandle sender() const { return tasks::WaitHandle{waits_}; }

    /// True: received, or in the buffer. False: the channel was closed, or a stop was requested; nothing was sent.
    bool send(T value, const std::stop_token& stop = {}, Place place = Place::here()) {
        std::stop_callback wake{stop, [this] { wake_all(); }};
        std::unique_lock lock{mutex_};
        if (closed_ || stop.stop_requested())
            return false;
        if (buffer_.size() < capacity_) {
            buffer_.push_back(std::move(value));
            changed_.notify_all();
            return true;
        }
        return hand_over(std::move(value), stop, lock, place);
    }

    /// A value; nothing when the channel is closed and empty, or a stop was requested.
    std::optional<T> receive(const std::stop_token& stop = {}, Place place = Place::here()) {
        std::stop_callback wake{stop, [this] { wake_all(); }};
        std::unique_lock lock{mutex_};
        if (!can_take()) {
            tasks::Wait wait{tasks::wait_reason::chan_receive, this, name_, place};
            ++receivers_;
            changed_.wait(lock, [&] { return can_take() || closed_ || stop.stop_requested(); });
            --receivers_;
        }
        return take();
    }

    /// A value; nothing when none came in time, or the channel is closed and empty.
    std::optional<T> receive_for(std::chrono::nanoseconds patience, Place place = Place::here()) {
        std::unique_lock lock{mutex_};
        if (!can_take()) {
            tasks::Wait wait{tasks::wait_reason::chan_receive, this, name_, place};
            ++receivers_;
            changed_.wait_for(lock, patience, [&] { return can_take() || closed_; });
            --receivers_;
        }
        return take();
    }

    /// Sends fail from now on, receives give what is still in the buffer.
    void close() {
        std::lock_guard lock{mutex_};
        closed_ = true;
        changed_.notify_all();
    }

    std::size_t senders_waiting() const {
        std::lock_guard lock{mutex_};
        return senders_.size();
    }

    std::size_t receivers_waiting() const {
        std::lock_guard lock{mutex_};
        return receivers_;
    }

private:
    /// A sender that waits, on its own stack.
    struct Sender {
        T value;
        bool taken = false;
    };

    bool hand_over(T value, const std::stop_token& stop, std::unique_lock<std::mutex>& lock, Place place) {
        Sender self{std::move(value)};
        senders_.push_back(&self);
        changed_.notify_all();
        tasks::Wait wait{tasks::wait_reason::chan_send, this, name_, place};
        changed_.wait(lock, [&] { return self.taken || closed_ || stop.stop_requested(); });
        if (!self.taken)
            std::erase(senders_, &self);
        return self.taken;
    }

    bool can_take() const { return !buffer_.empty() || !senders_.empty(); }

    std::optional<T> take() {
        if (!senders_.empty()) {
            Sender& sender = *senders_.front();
            buffer_.push_back(std::move(sender.value));
            sender.taken = true;
            senders_.pop_front();
            changed_.notify_all();
        }
        if (buffer_.empty())
            return std::nullopt;
        std::optional<T> value{std::move(buffer_.front())};
        buffer_.pop_front();
        return value;
    }

    void wake_all() {
        std::lock_guard lock{mutex_};
        changed_.notify_all();
    }

    const char* name_;
    std::size_t capacity_;
    tasks::WaitObject waits_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<T> buffer_;        // at most capacity_, and one more within take()
    std::deque<Sender*> senders_; // in order of arrival
    std::size_t receivers_ = 0;
    bool closed_ = false;
};

/// Receives from a channel that may never have been made: without one it waits for ever, as in Go.
template <class T>
std::optional<T> receive_from(Channel<T>* channel, const char* name,
                              tasks::SourcePlace place = tasks::SourcePlace::here()) {
    if (channel != nullptr)
        return channel->receive({}, place);
    tasks::Wait wait{tasks::wait_reason::nil, nullptr, name, place};
    std::mutex mutex;
    std::unique_lock lock{mutex};
    std::condition_variable never;
    never.wait(lock, [] { return false; });
    return std::nullopt;
}
