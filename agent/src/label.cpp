#include <tasks/label.hpp>

#include "fixed_text.hpp"
#include "label_field.hpp"
#include "registry.hpp"

namespace tasks {

using agent::RecordWriter;
using agent::Registry;
using agent::ThreadState;
using protocol::TaskRecord;

static_assert(Label::most_text_bytes == agent::label_bytes);

namespace {

agent::FixedText<24> decimal(std::uint64_t number, bool negative) noexcept {
    agent::FixedText<24> text;
    if (negative)
        text << "-";
    return text << (negative ? 0 - number : number);
}

} // namespace

Label::Label(const char* key, std::string_view text, const SourcePlace& place) noexcept {
    Registry* registry = Registry::active();
    if (registry == nullptr)
        return;
    ThreadState* thread = registry->this_thread();
    const std::uint32_t site = thread == nullptr ? 0 : registry->site(key, place);
    if (site == 0)
        return; // no room for the thread, or for the key, which is counted as a dropped site
    TaskRecord& record = *thread->record;
    const agent::LabelWords words = agent::label_words(text);
    outer_key_ = agent::keep_label(record.label, outer_text_);
    const RecordWriter writer{record.head};
    agent::put_label(record.label, site, words);
    thread_ = thread;
    generation_ = thread->generation.load(std::memory_order_relaxed);
}

Label::Label(const char* key, std::uint64_t number, bool negative, const SourcePlace& place) noexcept
    : Label(key, decimal(number, negative).view(), place) {}

Label::~Label() {
    auto* thread = static_cast<ThreadState*>(thread_);
    if (thread == nullptr || !thread->is(generation_) || Registry::active() != thread->registry)
        return;
    TaskRecord& record = *thread->record;
    const RecordWriter writer{record.head};
    agent::put_label(record.label, outer_key_, outer_text_);
}

} // namespace tasks
