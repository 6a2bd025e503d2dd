// How the server is asked: by fetch, with the token in a header, so that no other site's page can do the same.

/** What the server refused or could not do, in words for people. */
export class Fault extends Error {
  constructor(message, status) {
    super(message);
    this.name = 'Fault';
    this.status = status;
  }
}

// The token comes with the first address and is kept for this origin: links that are given on do without it.
function takeToken() {
  const given = new URLSearchParams(location.search).get('token');
  if (given) {
    localStorage.setItem('token', given);
    history.replaceState(null, '', location.pathname + location.hash);
  }

  return localStorage.getItem('token');
}

const token = takeToken();

/** Asks; gives the Response, or throws a Fault. Body: an object is sent as JSON, a Blob as it is. */
export async function request(path, { method = 'POST', body, signal } = {}) {
  const isFile = body instanceof Blob;
  const headers = token ? { 'X-Token': token } : {};
  if (body !== undefined) {
    headers['Content-Type'] = isFile ? 'application/octet-stream' : 'application/json';
  }

  let answer;
  try {
    answer = await fetch(path, { method, headers, signal, body: body === undefined || isFile ? body : JSON.stringify(body), cache: 'no-store' });
  } catch (error) {
    throw error.name === 'AbortError' ? error : new Fault('The program does not answer. Start it again, and open the address that it prints.', 0);
  }

  if (!answer.ok) {
    const problem = await answer.json().catch(() => null);
    throw new Fault(problem?.detail ?? `The program answers with ${answer.status}.`, answer.status);
  }

  return answer;
}

/** Reads server-sent events; calls on[name](data) for each. */
export async function stream(path, body, on, { signal } = {}) {
  const answer = await request(path, { method: body === undefined ? 'GET' : 'POST', body, signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    let part;
    try {
      part = await reader.read();
    } catch (error) {
      throw error.name === 'AbortError' ? error : new Fault('The program has gone. Start it again, and open the address that it prints.', 0);
    }

    if (part.done) {
      return;
    }

    const events = (text + part.value).split('\n\n');
    text = events.pop();
    for (const event of events) {
      const [, name, data] = /^event: (.*)\ndata: ([^]*)$/.exec(event);
      if (name === 'fault') {
        const { detail, status } = JSON.parse(data);
        throw new Fault(detail, status);
      }

      on[name]?.(JSON.parse(data));
    }
  }
}
