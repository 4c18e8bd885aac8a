#include <stdio.h>

#include "common/connection_redis.h"

enum la_err
la_connection_init_peer(
    struct la_connection *connection, const struct la_connection *like, const struct la_redis_place *place)
{
	struct la_redis_url *url = &connection->url;

	*connection = (struct la_connection){.login = like->login};
	url->tls = like->url.tls;
	url->port = place->port;
	(void)snprintf(url->where, sizeof(url->where), "%s", place->host);
	(void)snprintf(url->name, sizeof(url->name), strchr(place->host, ':') != NULL ? "%s://[%s]:%d" : "%s://%s:%d",
	    url->tls ? "rediss" : "redis", place->host, place->port);
	return (like->tls == NULL ? LA_OK : la_tls_redis_share(&connection->tls, like->tls, url));
}

void
la_connection_next_seed(struct la_connection *connection)
{
	la_connection_close(connection);
	if (connection->seed_count == 1)
		return; /* a look-up of its name goes on */
	la_lookup_free(connection->lookup);
	connection->lookup = NULL;
	connection->seed_at = (connection->seed_at + 1) % connection->seed_count;
	connection->url = connection->seeds[connection->seed_at];
}
