// Reads a saved snapshot (protocol/SNAPSHOT.md) from bytes as they come: pieces of any size. Anybody may have written
// them: every count and length is capped, indexes are checked, what is damaged is left out and told in
// Snapshot::incomplete, and so is an end that came too early. Keeps at most one record. Does no I/O. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "capture/snapshot.hpp"

namespace tasks::inspect {

class SnapshotReader {
public:
    SnapshotReader();

    /// False: this is no snapshot, or one of another version; problem() says so, to follow the file's name.
    bool take(std::string_view bytes);
    const std::string& problem() const noexcept { return problem_; }

    /// The header has come; else finish() has nothing to give, and problem() says so.
    bool begun();

    /// When all bytes were taken.
    Snapshot finish();

private:
    bool take_record(std::uint32_t tag, std::string_view bytes);
    bool take_header(std::string_view bytes);
    bool keep(std::uint32_t field, std::string_view bytes);
    void keep_place(std::string_view bytes);
    void keep_stack(std::string_view bytes);
    void keep_thread(std::string_view bytes);
    CoroutineList& coroutines();
    void keep_coroutine_function(std::string_view bytes);
    void keep_coroutine_frame(std::string_view bytes);
    void keep_fiber(std::string_view bytes);
    void check_indexes();
    void check_coroutines();
    void sort_places();
    void tell_missing();
    bool refuse(std::string sentence);

    Snapshot snapshot_;
    SavedNames names_;
    std::string pending_;
    std::string problem_;
    std::uint64_t skip_ = 0; ///< bytes of a record that is too long
    std::uint64_t told_tasks_ = 0;
    std::uint64_t told_threads_ = 0;
    std::uint64_t frames_ = 0;
    std::uint64_t pcs_ = 0;
    std::uint64_t stack_bytes_ = 0;
    std::uint64_t suspend_points_ = 0;
    std::uint64_t frame_values_ = 0;
    std::uint64_t bad_records_ = 0;
    std::uint64_t left_out_ = 0;
    bool titled_ = false;
    bool headed_ = false;
    bool ended_ = false;
};

} // namespace tasks::inspect
