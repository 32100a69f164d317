#include "saved/snapshot_writer.hpp"

#include <string>

#include <protozero/varint.hpp>

#include <tasks/protocol/version.hpp>

#include "saved/record_writer.hpp"

namespace tasks::inspect {
namespace {

using saved::Record;

constexpr std::size_t buffered_bytes = 64 * 1024;

class FileWriter {
public:
    FileWriter(bool raw, const ByteSink& sink) : raw_(raw), sink_(sink) { pending_ = saved::first_bytes; }

    template <class Message> void record(Record which, const Message& message) {
        record_.clear();
        saved::RecordWriter{record_, raw_}.all(message);
        constexpr std::uint32_t length_delimited = 2;
        protozero::add_varint_to_buffer(&pending_, static_cast<std::uint32_t>(which) << 3 | length_delimited);
        protozero::add_varint_to_buffer(&pending_, record_.size());
        pending_ += record_;
        if (pending_.size() >= buffered_bytes) {
            flush();
        }
    }
    template <class Messages> void records(Record which, const Messages& messages, std::size_t from = 0) {
        for (std::size_t at = from; at < messages.size() && wanted_; ++at) {
            record(which, messages[at]);
        }
    }
    bool finish() {
        flush();
        return wanted_;
    }

private:
    void flush() {
        wanted_ = wanted_ && sink_(pending_);
        pending_.clear();
    }

    bool raw_;
    const ByteSink& sink_;
    std::string pending_;
    std::string record_;
    bool wanted_ = true;
};

} // namespace

bool write_snapshot(const Snapshot& snapshot, bool raw, const ByteSink& sink) {
    FileWriter file{raw, sink};
    const std::string writer{"tasks " + std::string{protocol::version}};
    file.record(Record::header, saved::HeaderRecord{{saved::version, writer}, const_cast<Snapshot&>(snapshot)});
    file.records(Record::module, snapshot.modules);
    file.records(Record::site, snapshot.sites, 1); // [0] of each is none
    file.records(Record::scope_list, snapshot.scope_lists, 1);
    file.records(Record::label, snapshot.labels, 1);
    if (snapshot.names) {
        file.records(Record::place, snapshot.names->places);
        file.records(Record::stack, snapshot.names->stacks, 1);
    }
    file.records(Record::thread, snapshot.threads);
    file.records(Record::task_frame, snapshot.task_frames, 1);
    file.records(Record::task, snapshot.tasks);
    if (snapshot.coroutines) {
        file.record(Record::coroutine_scan, *snapshot.coroutines);
        file.records(Record::coroutine_function, snapshot.coroutines->functions);
        file.records(Record::coroutine_frame, snapshot.coroutines->frames);
    }
    file.records(Record::fiber, snapshot.fibers);
    file.records(Record::incomplete, snapshot.incomplete);
    file.record(Record::end, saved::EndFacts{snapshot.tasks.size(), snapshot.threads.size()});
    return file.finish();
}

} // namespace tasks::inspect
