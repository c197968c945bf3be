/* What the server does with one request. A good place for a first probe: click beside a line below. */
#include "server.h"

static enum status get(struct request *request) {
    bool found = store_get(request->key, request->value);
    COUNT(reply_get);
    return found ? STATUS_OK : STATUS_NOT_FOUND;
}

static enum status put(struct request *request) {
    uint32_t version = store_put(request->key, request->value);
    COUNT(reply_put);
    if (version == 0)
        return STATUS_FULL;
    return version == 1 ? STATUS_CREATED : STATUS_OK;
}

static enum status delete(struct request *request) {
    bool found = store_delete(request->key);
    COUNT(reply_delete);
    return found ? STATUS_OK : STATUS_NOT_FOUND;
}

void handle_request(struct request *request) {
    COUNT(handle_request);
    switch (request->method) {
    case METHOD_GET:
        request->status = get(request);
        break;
    case METHOD_PUT:
        request->status = put(request);
        break;
    case METHOD_DELETE:
        request->status = delete(request);
        break;
    }
    if (request->status == STATUS_NOT_FOUND)
        COUNT(missed);
}
