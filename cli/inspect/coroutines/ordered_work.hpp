// Work on a row of pieces by two threads of a look: the pieces are begun in order, worked on at the same time, and
// ended in the order in which they were begun, so that the outcome is that of one thread. A thread whose piece is not
// next leaves it to the other one to be ended and begins another, up to so many that its own cache holds. Owns the
// pieces, not what the steps refer to. Lives as long as one run.
#pragma once

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

#include "capture/memory_watch.hpp"

namespace tasks::inspect {

template <class Piece> class OrderedWork {
public:
    struct Steps {
        /// One at a time, never while a piece is ended. False: there is no more, unless ending one that was begun shows
        /// that there is.
        std::function<bool(Piece&)> begin;
        std::function<void(Piece&)> work; ///< by two threads at once, each on its own
        std::function<void(Piece&)> end;  ///< one at a time, in the order of begin()
    };

    explicit OrderedWork(Steps steps) : steps_(std::move(steps)) {}

    void run(bool in_two_threads) {
        if (in_two_threads)
            look_in_two_threads([this] { loop(); });
        else
            loop();
    }

private:
    static constexpr std::size_t own_pieces = 2;

    struct Slot {
        Piece piece;
        bool begun = false;
        bool worked = false;
    };

    void loop() {
        try {
            go_on();
        } catch (...) { // the other one ends what it has in hand
            const std::lock_guard lock{mutex_};
            failed_ = true;
            row_.clear();
            changed_.notify_all();
            throw;
        }
    }

    void go_on() {
        std::array<Slot, own_pieces> own;
        std::unique_lock lock{mutex_};
        for (;;) {
            const auto slot = std::find_if(own.begin(), own.end(), [](const Slot& one) { return !one.begun; });
            if (slot != own.end() && begin(*slot)) {
                lock.unlock();
                steps_.work(slot->piece);
                lock.lock();
                slot->worked = true;
                end_worked();
            } else if (row_.empty()) {
                return;
            } else {
                wait_in_look([&] { changed_.wait(lock); });
            }
        }
    }

    bool begin(Slot& slot) {
        if (failed_ || !steps_.begin(slot.piece))
            return false;
        slot.begun = true;
        slot.worked = false;
        row_.push_back(&slot);
        return true;
    }

    void end_worked() {
        for (; !row_.empty() && row_.front()->worked; row_.pop_front()) {
            steps_.end(row_.front()->piece);
            row_.front()->begun = false;
        }
        changed_.notify_all();
    }

    Steps steps_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Slot*> row_; ///< begun and not ended
    bool failed_ = false;
};

} // namespace tasks::inspect
