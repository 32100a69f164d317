#include "thread_book.hpp"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace tasks::leaks {
namespace {

thread_local int unwatched = 0;
thread_local ThreadEntry* own_entry = nullptr;

std::uint32_t own_tid() noexcept { return static_cast<std::uint32_t>(::syscall(SYS_gettid)); }

std::uint64_t now_ns() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

pthread_key_t end_key() {
    static const pthread_key_t key = [] {
        pthread_key_t made{};
        ::pthread_key_create(&made, [](void* entry) { ThreadBook::the().ends(*static_cast<ThreadEntry*>(entry)); });
        return made;
    }();
    return key;
}

} // namespace

UnwatchedMakings::UnwatchedMakings() noexcept { ++unwatched; }
UnwatchedMakings::~UnwatchedMakings() { --unwatched; }

ThreadBook& ThreadBook::the() {
    static ThreadBook& book = *new ThreadBook;
    return book;
}

ThreadBook::ThreadBook() {
    end_key();
    ::pthread_atfork([] { the().mutex_.lock(); }, [] { the().mutex_.unlock(); },
                     [] {
                         // Of the threads only the one that forked is here.
                         own_entry = nullptr;
                         the().entries_.clear();
                         the().by_handle_.clear();
                         the().mutex_.unlock();
                     });
}

ThreadEntry* ThreadBook::begin(std::uint32_t scope, const agent::CreationTrace& trace, bool detached,
                               void* (*start)(void*), void* argument) {
    if (unwatched != 0)
        return nullptr;
    const std::lock_guard lock{mutex_};
    ThreadEntry& entry = entries_[++last_];
    entry.thread = {last_, 0, own_tid(), scope, false, now_ns(), trace};
    entry.start = start;
    entry.argument = argument;
    entry.detached = detached;
    return &entry;
}

void ThreadBook::made(ThreadEntry& entry, pthread_t handle) {
    const std::lock_guard lock{mutex_};
    entry.being_made = false;
    set_handle(entry, handle);
    drop_if_done(entry);
}

void ThreadBook::not_made(ThreadEntry& entry) {
    const std::lock_guard lock{mutex_};
    drop(entry);
}

void ThreadBook::runs(ThreadEntry& entry) {
    const std::lock_guard lock{mutex_};
    entry.thread.tid = own_tid();
    set_handle(entry, ::pthread_self());
    own_entry = &entry;
    ::pthread_setspecific(end_key(), &entry);
}

void ThreadBook::ends(ThreadEntry& entry) {
    const std::lock_guard lock{mutex_};
    if (own_entry != &entry) // of a forked child's parent
        return;
    own_entry = nullptr;
    entry.thread.ended = true;
    drop_if_done(entry);
}

std::uint64_t ThreadBook::serial_of(pthread_t handle) {
    const std::lock_guard lock{mutex_};
    const auto found = by_handle_.find(handle);
    return found == by_handle_.end() ? 0 : found->second;
}

void ThreadBook::joined(std::uint64_t serial) {
    const std::lock_guard lock{mutex_};
    if (const auto found = entries_.find(serial); found != entries_.end())
        drop(found->second);
}

void ThreadBook::detaches(pthread_t handle) {
    const std::lock_guard lock{mutex_};
    const auto found = by_handle_.find(handle);
    if (found == by_handle_.end())
        return;
    ThreadEntry& entry = entries_.at(found->second);
    entry.detached = true;
    drop_if_done(entry);
}

/// A handle is used again when its thread is gone: the newest counts. Creator and thread both tell it.
void ThreadBook::set_handle(ThreadEntry& entry, pthread_t handle) {
    if (entry.has_handle)
        return;
    entry.handle = handle;
    entry.has_handle = true;
    by_handle_[handle] = entry.thread.serial;
}

void ThreadBook::drop_if_done(ThreadEntry& entry) {
    if (entry.thread.ended && entry.detached && !entry.being_made)
        drop(entry);
}

void ThreadBook::drop(ThreadEntry& entry) {
    const std::uint64_t serial = entry.thread.serial;
    if (const auto found = by_handle_.find(entry.handle); found != by_handle_.end() && found->second == serial)
        by_handle_.erase(found);
    entries_.erase(serial);
}

std::vector<WatchedThread> watched_threads() {
    std::vector<WatchedThread> threads;
    ThreadBook::the().each([&](const WatchedThread& thread) { threads.push_back(thread); });
    return threads;
}

std::vector<WatchedThread> watched_threads(std::uint32_t base, const std::vector<bool>& of_scope) {
    std::vector<WatchedThread> threads;
    ThreadBook::the().each([&](const WatchedThread& thread) {
        if (thread.scope >= base && thread.scope - base < of_scope.size() && of_scope[thread.scope - base])
            threads.push_back(thread);
    });
    return threads;
}

std::uint64_t own_serial() noexcept { return own_entry == nullptr ? 0 : own_entry->thread.serial; }

} // namespace tasks::leaks
