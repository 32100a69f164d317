#include "saved/snapshot_reader.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include <protozero/varint.hpp>

#include "saved/record_reader.hpp"

namespace tasks::inspect {
namespace {

using saved::Record;
using saved::RecordReader;

constexpr std::uint32_t length_delimited = 2;
constexpr std::size_t longest_varint = 10;

struct RecordStart {
    std::uint32_t field = 0;
    bool is_bytes = false;
    std::uint64_t length = 0;
    std::size_t bytes = 0; ///< of the start itself; 0: more of the file is needed
};

/// Throws protozero's exception for what is no varint.
RecordStart start_of(std::string_view bytes) {
    RecordStart start;
    const auto* at = bytes.data();
    const auto* const end = at + bytes.size();
    try {
        const auto tag = protozero::decode_varint(&at, end);
        const auto length = protozero::decode_varint(&at, end);
        start = {static_cast<std::uint32_t>(tag >> 3), (tag & 7) == length_delimited && tag >> 32 == 0, length,
                 static_cast<std::size_t>(at - bytes.data())};
    } catch (const protozero::end_of_buffer_exception&) {
        start.bytes = 0;
    }
    return start;
}

template <class Message> Message read(std::string_view bytes) {
    Message message;
    RecordReader{bytes}.all(message);
    return message;
}

std::string counted_words(std::uint64_t count, const char* one, const char* many) {
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

} // namespace

SnapshotReader::SnapshotReader() {
    snapshot_.sites.resize(1);
    snapshot_.scope_lists.resize(1);
    snapshot_.labels.resize(1);
}

bool SnapshotReader::refuse(std::string sentence) {
    problem_ = std::move(sentence);
    return false;
}

bool SnapshotReader::take(std::string_view bytes) {
    if (!problem_.empty()) {
        return false;
    }
    const auto skipped = std::min<std::uint64_t>(skip_, bytes.size());
    bytes.remove_prefix(skipped);
    skip_ -= skipped;
    pending_ += bytes;
    std::string_view left{pending_};
    if (!titled_) {
        const auto known = std::min(left.size(), saved::first_bytes.size());
        if (left.substr(0, known) != saved::first_bytes.substr(0, known)) {
            return refuse("is no snapshot; give a file that --save wrote");
        }
        if (known < saved::first_bytes.size()) {
            return true;
        }
        titled_ = true;
        left.remove_prefix(known);
    }
    while (!left.empty()) {
        RecordStart start;
        try {
            start = start_of(left.substr(0, 2 * longest_varint));
        } catch (const protozero::exception&) {
            start.bytes = 1; // not bytes: refused below
        }
        if (start.bytes == 0) {
            break;
        }
        if (!start.is_bytes) {
            if (!headed_) {
                return refuse("is damaged: it has no header; take it again with --save");
            }
            ++bad_records_; // where the next record begins nobody knows
            pending_.clear();
            skip_ = ~0ull;
            return true;
        }
        if (start.length > saved::max_record_bytes) {
            ++left_out_;
            const auto here = std::min<std::uint64_t>(start.length, left.size() - start.bytes);
            skip_ = start.length - here;
            left.remove_prefix(start.bytes + here);
            continue;
        }
        if (left.size() - start.bytes < start.length) {
            break;
        }
        if (!take_record(start.field, left.substr(start.bytes, start.length))) {
            return false;
        }
        left.remove_prefix(start.bytes + start.length);
    }
    pending_.erase(0, pending_.size() - left.size());
    return true;
}

bool SnapshotReader::take_record(std::uint32_t field, std::string_view bytes) {
    try {
        if (field == static_cast<std::uint32_t>(Record::header)) {
            return headed_ || take_header(bytes);
        }
        if (!headed_) {
            return true; // of a later version: its header comes all the same
        }
        if (!ended_ && !keep(field, bytes)) {
            ++left_out_;
        }
    } catch (const protozero::exception&) {
        ++bad_records_;
    } catch (const saved::Damaged&) {
        ++bad_records_;
    }
    return true;
}

bool SnapshotReader::take_header(std::string_view bytes) {
    saved::HeaderRecord header{{}, snapshot_};
    try {
        RecordReader{bytes}.all(header);
    } catch (...) {
        problem_ = "is damaged: its header cannot be read; take it again with --save";
        return false;
    }
    if (header.facts.version != saved::version) {
        return refuse("has version " + std::to_string(header.facts.version) + " of the format, written by " +
                      (header.facts.writer.empty() ? "an unknown program" : header.facts.writer) +
                      "; this version of tasks reads version " + std::to_string(saved::version) +
                      ": use the one that wrote it");
    }
    headed_ = true;
    return true;
}

/// False: there is no room for it.
bool SnapshotReader::keep(std::uint32_t field, std::string_view bytes) {
    const auto add = [bytes]<class Value>(std::vector<Value>& to, std::size_t most) {
        return to.size() < most && (to.push_back(read<Value>(bytes)), true);
    };
    switch (static_cast<Record>(field)) {
    case Record::module:
        return add(snapshot_.modules, saved::max_modules);
    case Record::site:
        return add(snapshot_.sites, saved::max_sites);
    case Record::scope_list:
        return add(snapshot_.scope_lists, saved::max_sites);
    case Record::label:
        return add(snapshot_.labels, saved::max_labels);
    case Record::place:
        keep_place(bytes);
        return true;
    case Record::stack:
        keep_stack(bytes);
        return true;
    case Record::thread:
        keep_thread(bytes);
        return true;
    case Record::task:
        return add(snapshot_.tasks, saved::max_tasks);
    case Record::fiber:
        keep_fiber(bytes);
        return true;
    case Record::incomplete:
        return add(snapshot_.incomplete, saved::max_notes);
    case Record::task_frame:
        return add(snapshot_.task_frames, saved::max_tasks);
    case Record::coroutine_scan:
        RecordReader{bytes}.all(coroutines());
        return true;
    case Record::coroutine_function:
        keep_coroutine_function(bytes);
        return true;
    case Record::coroutine_frame:
        keep_coroutine_frame(bytes);
        return true;
    case Record::end: {
        const auto end = read<saved::EndFacts>(bytes);
        told_tasks_ = end.tasks;
        told_threads_ = end.threads;
        ended_ = true;
        return true;
    }
    default: // of a later version, or the title again
        return true;
    }
}

void SnapshotReader::keep_place(std::string_view bytes) {
    auto place = read<SavedNames::Place>(bytes);
    if (names_.places.size() >= saved::max_places || frames_ + place.frames.size() > saved::max_frames) {
        ++left_out_;
        return;
    }
    frames_ += place.frames.size();
    for (auto& frame : place.frames) {
        frame.address = place.pc;
    }
    names_.places.push_back(std::move(place));
}

/// One that is left out keeps its number, as an empty one.
void SnapshotReader::keep_stack(std::string_view bytes) {
    if (names_.stacks.size() >= saved::max_stacks) {
        ++left_out_;
        return;
    }
    auto& kept = names_.stacks.emplace_back();
    auto stack = read<Trace>(bytes);
    if (pcs_ + stack.pcs.size() > saved::max_pcs) {
        ++left_out_;
        return;
    }
    pcs_ += stack.pcs.size();
    stack.exact.resize(stack.pcs.size());
    kept = std::move(stack);
}

void SnapshotReader::keep_thread(std::string_view bytes) {
    auto thread = read<ThreadFacts>(bytes);
    if (snapshot_.threads.size() >= saved::max_threads) {
        ++left_out_;
        return;
    }
    if (stack_bytes_ + thread.stack.size() > saved::max_stack_bytes) {
        thread.stack.clear();
        thread.stack_cut = true;
    }
    stack_bytes_ += thread.stack.size();
    snapshot_.threads.push_back(std::move(thread));
}

CoroutineList& SnapshotReader::coroutines() {
    return snapshot_.coroutines ? *snapshot_.coroutines : snapshot_.coroutines.emplace();
}

/// One that is left out keeps its number, as one without a name.
void SnapshotReader::keep_coroutine_function(std::string_view bytes) {
    auto& functions = coroutines().functions;
    if (functions.size() >= saved::max_coroutine_functions) {
        ++left_out_;
        return;
    }
    auto& kept = functions.emplace_back();
    auto function = read<CoroutineFunction>(bytes);
    if (suspend_points_ + function.points.size() > saved::max_suspend_points) {
        ++left_out_;
        return;
    }
    suspend_points_ += function.points.size();
    kept = std::move(function);
}

void SnapshotReader::keep_coroutine_frame(std::string_view bytes) {
    auto& frames = coroutines().frames;
    auto frame = read<CoroutineFrame>(bytes);
    if (frames.size() >= saved::max_coroutine_frames || frame_values_ + frame.values.size() > saved::max_frame_values) {
        ++left_out_;
        return;
    }
    frame_values_ += frame.values.size();
    frames.push_back(std::move(frame));
}

/// Frames are by address, each once, and of a function that is there.
void SnapshotReader::check_coroutines() {
    const auto& functions = snapshot_.coroutines->functions;
    auto& frames = snapshot_.coroutines->frames;
    const auto bad = std::erase_if(frames, [&functions](CoroutineFrame& frame) {
        if (frame.function >= functions.size()) {
            return true;
        }
        if (frame.point >= functions[frame.function].points.size()) {
            frame.point = CoroutineFrame::no_point;
        }
        return false;
    });
    if (!std::ranges::is_sorted(frames, {}, &CoroutineFrame::address)) {
        std::ranges::stable_sort(frames, {}, &CoroutineFrame::address);
    }
    const auto twice = std::ranges::unique(frames, {}, &CoroutineFrame::address);
    bad_records_ += bad + twice.size();
    frames.erase(twice.begin(), twice.end());
}

void SnapshotReader::keep_fiber(std::string_view bytes) {
    auto fiber = read<FiberStack>(bytes);
    if (snapshot_.fibers.size() >= saved::max_tasks) {
        ++left_out_;
        return;
    }
    if (stack_bytes_ + fiber.stack.stack.size() > saved::max_stack_bytes) {
        fiber.stack.stack.clear();
        fiber.stack.stack_cut = true;
    }
    stack_bytes_ += fiber.stack.stack.size();
    fiber.stack.capture = protocol::Capture::captured;
    fiber.stack.switched_away = true;
    snapshot_.fibers.push_back(std::move(fiber));
}

void SnapshotReader::check_indexes() {
    const auto check = [this](std::uint32_t& index, std::size_t size) {
        if (index >= size) {
            index = 0;
            ++bad_records_;
        }
    };
    for (auto& task : snapshot_.tasks) {
        check(task.scopes, snapshot_.scope_lists.size());
        check(task.wait_site, snapshot_.sites.size());
        check(task.label, snapshot_.labels.size());
        check(task.frame, snapshot_.task_frames.size());
    }
    for (auto& list : snapshot_.scope_lists) {
        for (auto& site : list.sites) {
            check(site, snapshot_.sites.size());
        }
    }
    for (auto& thread : snapshot_.threads) {
        check(thread.saved_stack, names_.stacks.size());
    }
    for (auto& fiber : snapshot_.fibers) {
        check(fiber.stack.saved_stack, names_.stacks.size());
    }
    std::ranges::stable_sort(snapshot_.fibers, {}, &FiberStack::frame);
    std::erase_if(snapshot_.modules, [](const ModuleFacts& module) { return module.start >= module.end; });
    if (snapshot_.coroutines) {
        check_coroutines();
    }
}

void SnapshotReader::sort_places() {
    const auto order = [](const SavedNames::Place& place) { return std::tuple(place.pc, place.exact); };
    std::erase_if(names_.places, [](const SavedNames::Place& place) { return place.frames.empty(); });
    if (!std::ranges::is_sorted(names_.places, {}, order)) {
        std::ranges::sort(names_.places, {}, order);
    }
}

void SnapshotReader::tell_missing() {
    const auto tell = [this](std::string reason) { snapshot_.incomplete.push_back({0, std::move(reason)}); };
    if (!ended_) {
        tell("the snapshot ends early: what would follow is missing");
    } else if (told_tasks_ > snapshot_.tasks.size() || told_threads_ > snapshot_.threads.size()) {
        tell("of the snapshot's " + counted_words(told_tasks_, "registered task", "registered tasks") + " and " +
             counted_words(told_threads_, "thread", "threads") + ", " + std::to_string(snapshot_.tasks.size()) +
             " and " + std::to_string(snapshot_.threads.size()) + " could be read");
    }
    if (bad_records_ > 0) {
        tell("the snapshot is damaged: " + counted_words(bad_records_, "record", "records") + " left out");
    }
    if (left_out_ > 0) {
        tell(counted_words(left_out_, "record", "records") +
             " of the snapshot left out: there are more, or larger ones, than this version takes");
    }
}

bool SnapshotReader::begun() {
    if (!headed_ && problem_.empty()) {
        problem_ = titled_ || !pending_.empty() ? "ends before its header" : "is empty; give a file that --save wrote";
    }
    return headed_;
}

Snapshot SnapshotReader::finish() {
    check_indexes();
    sort_places();
    tell_missing();
    snapshot_.names = std::move(names_);
    return std::move(snapshot_);
}

} // namespace tasks::inspect
